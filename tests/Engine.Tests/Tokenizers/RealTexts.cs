using System.Text.Json;

namespace LoraDrop.Engine.Tests;

/// <summary>Columns of real text from the folder that LORADROP_DATA names, and the text of the sample that is always here.</summary>
internal static class RealTexts
{
    private static readonly Lazy<IReadOnlyList<(string Column, string[] Texts)>> Loaded = new(() => [.. Columns()]);

    /// <summary>Each column with its texts: whole where it is short, else a row out of several, so that every part of it occurs. The test
    /// is skipped where there is no such data.</summary>
    public static IReadOnlyList<(string Column, string[] Texts)> All
    {
        get
        {
            RealData.Path("glue");
            RealData.Path("nlg");
            return Loaded.Value;
        }
    }

    /// <summary>Sentences of the sample's task <em>acceptable</em>, which lie beside every checkout.</summary>
    public static string[] Sample { get; } = [.. File.ReadLines(Path.Combine(SampleFolder("data", "acceptable"), "dev.tsv")).Skip(1)
        .Select(line => line.Split('\t')[0])];

    /// <summary>A folder of the sample <c>samples/english</c>.</summary>
    public static string SampleFolder(params string[] parts)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "LoraDrop.sln")))
                return Path.Combine([folder.FullName, "samples", "english", .. parts]);
        throw new DirectoryNotFoundException("The tests are run outside of a checkout: samples/english is not above them.");
    }

    private static IEnumerable<(string, string[])> Columns() =>
    [
        Tsv("glue/SST-2/dev.tsv", 0),
        Tsv("glue/SST-2/train.tsv", 0, every: 20),
        Tsv("glue/CoLA/dev.tsv", 3, header: false),
        Tsv("glue/RTE/dev.tsv", 1),
        Tsv("glue/RTE/dev.tsv", 2),
        Tsv("glue/MRPC/dev.tsv", 3),
        Tsv("glue/STS-B/dev.tsv", 7),
        Tsv("glue/QNLI/dev.tsv", 2, every: 8),
        JsonLines("glue/MNLI/dev_matched.jsonl", "premise", every: 12),
        JsonLines("glue/MNLI/dev_matched.jsonl", "hypothesis", every: 12),
        JsonLines("glue/QQP/dev_from_train.jsonl", "question1"),
        JsonLines("nlg/gsm8k/test.jsonl", "question", every: 2),
        JsonLines("nlg/gsm8k/test.jsonl", "answer", every: 3),
        JsonLines("nlg/dialogsum/dev.jsonl", "dialogue", every: 3),
        ("nlg/e2e/valid.txt", [.. File.ReadLines(RealData.Path("nlg", "e2e", "valid.txt")).Every(12)]),
        ("nlg/dart/dev.json text",
            [.. JsonDocument.Parse(File.ReadAllBytes(RealData.Path("nlg", "dart", "dev.json"))).RootElement.EnumerateArray()
            .SelectMany(entry => entry.GetProperty("annotations").EnumerateArray()).Select(annotation => annotation.GetProperty("text")
                .GetString()!).Every(8)]),
    ];

    private static (string, string[]) Tsv(string file, int column, int every = 1, bool header = true) =>
        ($"{file} column {column}", [.. File.ReadLines(RealData.Path(file.Split('/'))).Skip(header ? 1 : 0).Where(line => line.Length > 0)
            .Every(every).Select(line => line.Split('\t')[column])]);

    private static (string, string[]) JsonLines(string file, string field, int every = 1) =>
        ($"{file} {field}", [.. File.ReadLines(RealData.Path(file.Split('/'))).Where(line => line.Length > 0).Every(every)
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty(field).GetString()!)]);

    private static IEnumerable<string> Every(this IEnumerable<string> texts, int step) => texts.Where((_, i) => i % step == 0);
}
