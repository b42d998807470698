using System.Text.Json.Nodes;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

/// <summary>Every model, step and option of a tokenizer.json, on small models that are trained here, gives what Hugging Face's own library
/// gives.</summary>
public sealed class TrainedTokenizersFacts
{
    private const int Drawn = 600, PerTest = 100;

    public static TheoryData<int> Parts => [.. Enumerable.Range(0, Drawn / PerTest)];

    [Theory, MemberData(nameof(Parts))]
    public void Ids_and_decoded_texts_are_the_references(int part)
    {
        List<string> faults = [];
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
                faults.Add($"seed {seed} is refused: {refused.Message}");
                continue;
            }
            using (pair)
            {
                var texts = AwkwardTexts.Of(seed, 60, [.. pair.AddedTokens]).Concat(RealTexts.Sample.Skip(seed).Take(40));
                if (texts.Select(pair.Difference).OfType<string>().FirstOrDefault() is { } difference)
                    faults.Add($"seed {seed}: {Steps(json)}\n{difference}");
            }
        }
        Assert.True(faults.Count == 0, string.Join("\n\n", faults));
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
