using System.Security.Cryptography;
using System.Text.Json;

namespace LoraDrop.Engine.Tests;

/// <summary>What Hugging Face tokenizers gives, beside the script that made it: Golden/tokenizers.</summary>
internal sealed class TokenizerGolden(string name)
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Golden", "tokenizers");
    private readonly JsonElement _values = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, $"{name}.json"))).RootElement;

    /// <summary>The folder of the tokenizer.json that gave these values.</summary>
    public string TokenizerFolder => RealData.Path(Path.GetDirectoryName(_values.GetProperty("tokenizer").GetString()!)!);

    public void AssertSingleTexts(Tokenizer tokenizer)
    {
        foreach (var (text, ids) in Rows("single").Select(row => (Text(row, "text"), Ids(row, "ids"))))
            AssertIds(text!, ids, tokenizer.Encode(text!).Ids);
    }

    public void AssertPairs(Tokenizer tokenizer)
    {
        foreach (var row in Rows("pairs"))
        {
            var pair = tokenizer.Encode(Text(row, "a")!, Text(row, "b"));
            AssertIds($"{Text(row, "a")} | {Text(row, "b")}", Ids(row, "ids"), pair.Ids);
            Assert.Equal(Ids(row, "type_ids"), pair.TypeIds);
        }
    }

    public void AssertTruncated(Tokenizer tokenizer)
    {
        foreach (var row in Rows("truncated"))
        {
            var cut = tokenizer.Encode(Text(row, "a")!, Text(row, "b"), row.GetProperty("max_length").GetInt32());
            AssertIds($"{Text(row, "a")} | {Text(row, "b")}", Ids(row, "ids"), cut.Ids);
        }
    }

    public void AssertDecoded(Tokenizer tokenizer)
    {
        foreach (var row in Rows("decoded")) Assert.Equal(Text(row, "text"), tokenizer.Decode(Ids(row, "ids")));
    }

    /// <summary>Whole columns: the SHA-256 of all ids as little-endian int32.</summary>
    public void AssertDatasets(Tokenizer tokenizer)
    {
        foreach (var set in _values.GetProperty("datasets").EnumerateObject())
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var row in Columns(set.Name))
            {
                var ids = tokenizer.Encode(row[0], row.ElementAtOrDefault(1)).Ids;
                hash.AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes<int>(ids));
            }
            Assert.Equal((set.Name, set.Value.GetProperty("sha256").GetString()),
                (set.Name, Convert.ToHexStringLower(hash.GetHashAndReset())));
        }
    }

    /// <summary>Rows of what a data set's name says: "file columns 1,2", "file column 3" or "file.jsonl property".</summary>
    private static IEnumerable<string[]> Columns(string source)
    {
        var words = source.Split(' ');
        var lines = File.ReadLines(RealData.Path(words[0].Split('/'))).Where(line => line.Length > 0);
        if (words is [_, var property])
        {
            return lines.Select(line => (string[])[JsonDocument.Parse(line).RootElement.GetProperty(property).GetString()!]);
        }
        var columns = words[2].Split(',').Select(int.Parse).ToArray();
        var hasHeader = !source.Contains("CoLA");
        return lines.Skip(hasHeader ? 1 : 0).Select(line => line.Split('\t'))
            .Select(cells => columns.Select(column => cells[column]).ToArray());
    }

    private JsonElement.ArrayEnumerator Rows(string part) => _values.GetProperty(part).EnumerateArray();

    private static string? Text(JsonElement row, string field) => row.GetProperty(field).GetString();

    private static int[] Ids(JsonElement row, string field) => [.. row.GetProperty(field).EnumerateArray().Select(id => id.GetInt32())];

    private static void AssertIds(string text, int[] expected, int[] actual) =>
        Assert.Equal((text, string.Join(' ', expected)), (text, string.Join(' ', actual)));
}
