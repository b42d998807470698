using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraDrop.Engine.Tests;

/// <summary>Hugging Face's own <c>tokenizers</c> (0.22.2, through Tokenizers.DotNet) over one tokenizer.json: what our ids are held
/// to.</summary>
/// <remarks>
/// It obeys the truncation and padding stored in the file, and returns the padding without a mask. Ours takes the length from the caller
/// and pads in batches, so both are taken out of
/// the file before the library reads it.
/// </remarks>
internal sealed class ReferenceTokenizer : IDisposable
{
    private readonly global::Tokenizers.DotNet.Tokenizer _library;

    private ReferenceTokenizer(string file) => _library = new global::Tokenizers.DotNet.Tokenizer(vocabPath: file);

    /// <summary>Reads the tokenizer.json of a folder.</summary>
    /// <exception cref="global::Tokenizers.DotNet.TokenizerException">The library does not read it.</exception>
    public static ReferenceTokenizer Load(string folder)
    {
        var file = Path.Combine(folder, "tokenizer.json");
        using var stored = JsonDocument.Parse(File.ReadAllBytes(file));
        return HasValue("truncation") || HasValue("padding") ? Parse(JsonNode.Parse(File.ReadAllBytes(file))!.AsObject())
            : new ReferenceTokenizer(file);

        bool HasValue(string step) => stored.RootElement.TryGetProperty(step, out var value) && value.ValueKind != JsonValueKind.Null;
    }

    private static ReferenceTokenizer Parse(JsonObject tokenizer)
    {
        tokenizer["truncation"] = tokenizer["padding"] = null;
        var folder = Directory.CreateTempSubdirectory("loradrop-reference-");
        try
        {
            var file = Path.Combine(folder.FullName, "tokenizer.json");
            File.WriteAllText(file, tokenizer.ToJsonString());
            return new ReferenceTokenizer(file);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The ids of one text, with the special tokens around it.</summary>
    public int[] Encode(string text) => Array.ConvertAll(_library.Encode(text), id => (int)id);

    /// <summary>The same, or null where the library gives an error (a unigram model without an unknown token, and a letter it
    /// lacks).</summary>
    public int[]? TryEncode(string text)
    {
        try
        {
            return Encode(text);
        }
        catch (global::Tokenizers.DotNet.TokenizerException)
        {
            return null;
        }
    }

    /// <summary>The text of ids without special tokens.</summary>
    public string Decode(IEnumerable<int> ids) => _library.Decode([.. ids.Select(id => (uint)id)]);

    public void Dispose() => _library.Dispose();
}
