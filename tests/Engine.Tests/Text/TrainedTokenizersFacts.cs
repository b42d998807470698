using System.Text.Json.Nodes;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

/// <summary>Every model, step and option of a tokenizer.json, on small models that are trained here, gives what Hugging Face's own library
/// gives.</summary>
public sealed class TrainedTokenizersFacts
{
    private const int Drawn = 600, PerTest = 100;

    /// <summary>What is not read yet: a part of what the refusal says. A refusal that is not in this list fails the tests, and so does an
    /// entry that no longer comes up.</summary>
    private static readonly string[] Refused =
    [
        "the model 'Unigram'", "the model 'WordLevel'",
        "the normalizer 'NFKC'", "the normalizer 'NFKD'", "the normalizer 'Strip'", "the normalizer 'Nmt'", "the normalizer 'ByteLevel'",
            "pattern.String: must be a string",
        "the pre-tokenizer 'Whitespace'", "the pre-tokenizer 'WhitespaceSplit'", "the pre-tokenizer 'Punctuation'",
            "the pre-tokenizer 'UnicodeScripts'", "the pre-tokenizer 'FixedLength'",
        "only 'Isolated' is supported", "an inverted split is not supported", "pattern.Regex: must be a string",
        "tokens that match whole words only",
    ];

    public static TheoryData<int> Parts => [.. Enumerable.Range(0, Drawn / PerTest)];

    [Theory, MemberData(nameof(Parts))]
    public void Ids_and_decoded_texts_are_the_references(int part)
    {
        List<string> faults = [];
        var compared = 0;
        for (var seed = part * PerTest; seed < (part + 1) * PerTest && faults.Count < 5; seed++)
        {
            var json = TrainedTokenizers.Of(seed);
            using var folder = new TestFolder();
            folder.File("tokenizer.json", json.ToJsonString());
            TokenizerPair pair;
            try
            {
                pair = new TokenizerPair($"seed {seed}", folder.Path);
            }
            catch (RefusedInputException refused)
            {
                if (!Refused.Any(refused.Message.Contains)) faults.Add($"seed {seed} is refused: {refused.Message}");
                continue;
            }
            using (pair)
            {
                compared++;
                var texts = AwkwardTexts.Of(seed, 60, [.. pair.AddedTokens]).Concat(RealTexts.Sample.Skip(seed).Take(40));
                if (texts.Select(pair.Difference).OfType<string>().FirstOrDefault() is { } difference)
                    faults.Add($"seed {seed}: {Steps(json)}\n{difference}");
            }
        }
        Assert.True(faults.Count == 0, string.Join("\n\n", faults));
        Assert.True(compared > 0, "None of these kinds was read.");
    }

    [Fact]
    public void What_is_said_to_be_refused_is_refused()
    {
        HashSet<string> left = [.. Refused];
        for (var seed = 0; seed < Drawn && left.Count > 0; seed++)
        {
            using var folder = new TestFolder();
            folder.File("tokenizer.json", TrainedTokenizers.Of(seed).ToJsonString());
            try
            {
                Tokenizer.Load(folder.Path);
            }
            catch (RefusedInputException refused)
            {
                left.RemoveWhere(refused.Message.Contains);
            }
        }
        Assert.Empty(left);
    }

    /// <summary>Everything but the vocabulary and the merges.</summary>
    private static string Steps(JsonObject tokenizer)
    {
        var shown = tokenizer.DeepClone().AsObject();
        var model = shown["model"]!.AsObject();
        model.Remove("vocab");
        model.Remove("merges");
        return shown.ToJsonString();
    }
}
