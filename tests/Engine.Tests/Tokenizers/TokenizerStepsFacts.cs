using System.Text.Json.Nodes;

namespace LoraDrop.Engine.Tests;

/// <summary>Each step and model of a tokenizer.json on awkward texts, as Hugging Face tokenizers has it (make-steps.js).</summary>
public sealed class TokenizerStepsFacts : IDisposable
{
    private static readonly string File = Path.Combine(AppContext.BaseDirectory, "Golden", "tokenizers", "steps.json");
    private static readonly JsonNode Golden = JsonNode.Parse(System.IO.File.ReadAllText(File))!;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Names => [.. Golden["cases"]!.AsArray().Select(one => (string)one!["name"]!)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_step_gives_the_ids_and_texts_of_the_reference(string name)
    {
        var golden = Golden["cases"]!.AsArray().Single(one => (string)one!["name"]! == name)!;
        var json = golden["tokenizer"]!.DeepClone().AsObject();
        json["model"] ??= Letters();
        _folder.File("tokenizer.json", json.ToJsonString());
        var tokenizer = Tokenizer.Load(_folder.Path);

        foreach (var (i, text) in Golden["texts"]!.AsArray().Select(text => (string)text!).Index())
        {
            var ids = (string)golden["ids"]![i]!;
            Assert.Equal((text, ids), (text, string.Join(' ', tokenizer.Encode(text).Ids)));
            var tokens = ids.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse);
            if (golden["decoded"]?[i] is { } decoded) Assert.Equal((string)decoded!, tokenizer.Decode(tokens));
        }
    }

    /// <summary>Single letters, each also as the end of a word: ids show what a text was rewritten to and where it was split.</summary>
    private static JsonObject Letters()
    {
        var vocabulary = new JsonObject { ["<unk>"] = 0 };
        foreach (var letter in ((string)Golden["letters"]!).EnumerateRunes())
        {
            vocabulary[$"{letter}"] = vocabulary.Count;
            vocabulary[$"{letter}</w>"] = vocabulary.Count;
        }
        return new JsonObject
        {
            ["type"] = "BPE", ["unk_token"] = "<unk>", ["end_of_word_suffix"] = "</w>",
            ["vocab"] = vocabulary, ["merges"] = new JsonArray(),
        };
    }
}
