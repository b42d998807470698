using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace LoraDrop.Domain.Tests;

/// <summary>
/// Texts and what published implementations score them (Golden/text.json, Golden/datasets.json): single cases, corpora of them, and real
/// data sets.
/// </summary>
internal static class GoldenText
{
    private static readonly JsonElement Text = Golden("text.json");

    private static readonly JsonElement DataSets = Golden("datasets.json").GetProperty("sets");

    private static readonly Dictionary<string, JsonElement> Cases = Text.GetProperty("cases").EnumerateArray()
        .ToDictionary(c => c.GetProperty("id").GetString()!);

    public static TheoryData<string> CaseNames => new(Cases.Keys);

    public static TheoryData<string> CorpusNames => new(Names(Text.GetProperty("corpora")));

    public static TheoryData<string> DataSetNames => new(Names(DataSets));

    public static TheoryData<string> AllNames => new(Cases.Keys.Concat(Names(Text.GetProperty("corpora"))).Concat(Names(DataSets)));

    public static JsonElement Golden(string file) =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", file))).RootElement;

    /// <summary>What was scored, and the scores.</summary>
    public static (IReadOnlyList<Segment> Segments, JsonElement Expected) Get(string name)
    {
        if (Cases.TryGetValue(name, out var item)) return ([SegmentOf(item)], item);
        if (DataSets.TryGetProperty(name, out var set)) return (DataSet(name, set), set);
        var corpus = Text.GetProperty("corpora").GetProperty(name);
        var used = corpus.GetProperty("references_used").GetString()!;
        var references = used == "all" ? int.MaxValue : int.Parse(used["first ".Length..]);
        var segments = corpus.GetProperty("cases").EnumerateArray().Select(id => SegmentOf(Cases[id.GetString()!]));
        return ([.. segments.Select(s => new Segment(s.Hypothesis, [.. s.References.Take(references)]))], corpus);
    }

    /// <summary>
    /// The same to twelve digits; <c>null</c> is a division by zero there and NaN here. Numbers so small that they only stand for 0 are
    /// compared as such.
    /// </summary>
    public static void Same(JsonElement expected, double actual, string what)
    {
        var value = expected.ValueKind == JsonValueKind.Null ? double.NaN : expected.GetDouble();
        var near = double.IsNaN(value) ? double.IsNaN(actual) : Math.Abs(value - actual) <= 1e-11 * Math.Abs(value) + 1e-300;
        Assert.True(near, $"{what}: {value:R} expected, {actual:R} found");
    }

    private static IEnumerable<string> Names(JsonElement fields) => fields.EnumerateObject().Select(field => field.Name);

    private static Segment SegmentOf(JsonElement item) =>
        new(item.GetProperty("hypothesis").GetString()!, [.. item.GetProperty("references").EnumerateArray().Select(r => r.GetString()!)]);

    private static List<Segment> DataSet(string name, JsonElement expected)
    {
        List<Segment> segments = [.. name switch
        {
            "e2e_test" => E2e(RealData.Path("nlg", "e2e", "test.txt")),
            "dialogsum_test_1_vs_2" => DialogSum("summary2"),
            "dialogsum_test_1_vs_2_and_3" => DialogSum("summary2", "summary3"),
            "dart_dev" => Dart(RealData.Path("nlg", "dart", "dev.json")),
            _ => throw new ArgumentException($"No rule for {name}."),
        }];
        var text =
            string.Concat(segments.Select(s => string.Join('\n', s.References.Prepend(s.Hypothesis).Select(t => t.Replace("\n", "\\n")))
                + "\n\n"));
        Assert.Equal(expected.GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))));
        return segments;
    }

    private static IEnumerable<Segment> E2e(string path) =>
        File.ReadLines(path).Select(line => line.Split("||")).GroupBy(line => line[0], line => line[1].Trim()).Where(g => g.Count() > 1)
            .Select(LastAgainstOthers);

    private static IEnumerable<Segment> DialogSum(params string[] references) =>
        File.ReadLines(RealData.Path("nlg", "dialogsum", "test.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)
            .Select(item => new Segment(item.GetProperty("summary1").GetString()!,
            [.. references.Select(r => item.GetProperty(r).GetString()!)]));

    private static IEnumerable<Segment> Dart(string path) =>
        JsonDocument.Parse(File.ReadAllText(path)).RootElement.EnumerateArray()
            .Select(item => item.GetProperty("annotations").EnumerateArray().Select(a => a.GetProperty("text").GetString()!).ToList())
            .Where(texts => texts.Count > 1).Select(LastAgainstOthers);

    private static Segment LastAgainstOthers(IEnumerable<string> texts) => new(texts.Last(), [.. texts.SkipLast(1)]);
}
