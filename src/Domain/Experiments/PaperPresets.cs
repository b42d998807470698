using System.Globalization;
using System.Text.Json;

namespace LoraDrop.Domain;

/// <summary>The presets of experiments: the tables and figures of the LoRA-drop paper (Zhou et al., arXiv 2402.07721v2).</summary>
public static class PaperPresets
{
    private const string Drop = """{"method": "lora-drop"}""";

    private static readonly string[] Glue =
        ["glue/rte", "glue/mrpc", "glue/stsb", "glue/cola", "glue/sst2", "glue/qnli", "glue/mnli", "glue/qqp"];

    private static readonly string[] Nlg = ["e2e", "dart", "dialogsum", "gsm8k"];

    /// <summary>All presets.</summary>
    public static IReadOnlyList<PaperPreset> All { get; } =
    [
        new("paper/table-1", "Methods on GLUE (RoBERTa-base)", Glue,
        [
            new("Full-FT", """{"method": "full"}""", "78.7 90.2 91.2 63.6 94.8 92.8 87.6 91.9"),
            new("LoRA", """{"method": "lora"}""", "80.8 89.1 91.2 62.4 94.3 93.0 87.5 90.3"),
            new("SoRA", """{"method": "sora"}""", "79.7 89.7 89.8 63.8 94.8 92.4 86.1 88.9"),
            new("Sparse Adapter", """{"method": "sparse-adapter"}""", "78.7 88.0 89.5 60.1 94.1 92.8 87.1 89.6"),
            new("VeRA", """{"method": "vera"}""", "78.0 88.4 89.8 60.9 93.7 89.6 83.7 86.8"),
            new("Tied-LoRA", """{"method": "tied-lora"}""", "80.0 89.1 90.3 62.0 94.1 91.6 86.9 89.7"),
            new("LoRA-drop", Drop, "81.4 89.5 91.0 62.9 94.5 93.1 87.3 90.1"),
        ]) { Baseline = "LoRA" },
        new("paper/table-2", "Methods on generation (Llama2-7b)", Nlg,
        [
            new("Full-FT", """{"method": "full"}""", "55.65 59.68 40.77 31.16"),
            new("LoRA", """{"method": "lora"}""", "56.38 58.51 41.03 34.04"),
            new("LoRA-drop", Drop, "57.06 58.82 40.68 34.50"),
        ]) { Baseline = "LoRA" },
        new("paper/table-3", "A trained LoRA with other layers switched off (RoBERTa-base)", Glue,
        [
            new("LoRA", """{"method": "lora", "switchOff": {"threshold": 0.9}}""", "79.4 89.2 91.0 63.1 94.6 92.7 87.6 90.3")
            {
                LargeOnly = "72.2 77.5 85.9 58.9 92.9 73.6 71.2 82.6", SmallOnly = "47.7 69.9 49.6 23.5 88.2 55.4 32.2 63.9",
            },
        ]),
        new("paper/table-4", "The threshold T (RoBERTa-base)", ["glue/rte", "glue/cola", "glue/qnli", "glue/qqp"],
        [
            new("T = 1", """{"method": "lora-drop", "sharing.threshold": 1}""", "82.3 61.9 93.1 90.4"),
            new("T = 0.95", """{"method": "lora-drop", "sharing.threshold": 0.95}""", "83.0 62.6 93.1 90.2"),
            new("T = 0.9", """{"method": "lora-drop", "sharing.threshold": 0.9}""", "81.9 63.1 93.2 90.2"),
            new("T = 0.8", """{"method": "lora-drop", "sharing.threshold": 0.8}""", "80.9 63.1 93.2 89.6"),
            new("T = 0.7", """{"method": "lora-drop", "sharing.threshold": 0.7}""", "78.3 62.1 92.5 89.3"),
            new("T = 0.6", """{"method": "lora-drop", "sharing.threshold": 0.6}""", ""),
            new("T = 0.5", """{"method": "lora-drop", "sharing.threshold": 0.5}""", ""),
        ]) { Baseline = "T = 1" },
        new("paper/table-5", "What is kept, and what the others get (RoBERTa-base)", Glue,
        [
            new("LoRA-drop", Drop, "81.9 90.0 91.1 63.1 94.7 93.2 87.5 90.2"),
            new("w/o share", """{"method": "lora-drop", "sharing.remainder": "none"}""", "80.4 88.9 90.7 62.8 94.1 92.9 86.9 89.7"),
            new("inverse", """{"method": "lora-drop", "sharing.select": "inverse"}""", "79.1 89.7 90.4 60.5 94.3 92.9 87.3 89.9"),
            new("random", """{"method": "lora-drop", "sharing.select": "random"}""", "79.1 89.2 90.2 62.0 94.6 92.7 86.9 89.8"),
            new("top k", """{"method": "lora-drop", "sharing.select": "top"}""", "81.9 89.2 90.7 62.3 94.5 93.0 86.8 89.8"),
        ]) { Baseline = "LoRA-drop" },
        new("paper/table-6", "Methods on GLUE (RoBERTa-large)", Glue,
        [
            new("Full-FT", """{"method": "full"}""", "86.6 90.9 92.4 68.0 96.4 94.7 90.2 92.2"),
            new("LoRA", """{"method": "lora", "lora.alpha": 16}""", "88.5 90.1 92.4 67.8 96.0 94.8 90.6 91.4"),
            new("LoRA-drop", """{"method": "lora-drop", "lora.alpha": 16}""", "88.8 89.9 92.2 68.5 96.2 94.9 90.7 91.3"),
        ]) { Baseline = "LoRA" },
        new("paper/table-7", "Methods on GLUE (Llama2-7b)", Glue,
        [
            new("Full-FT", """{"method": "full"}""", "88.4 88.7 89.8 67.9 92.3 93.6 86.3 91.7"),
            new("LoRA", """{"method": "lora"}""", "89.2 89.7 89.9 70.6 96.8 94.7 90.9 91.6"),
            new("LoRA-drop", Drop, "91.0 90.2 90.1 69.0 96.8 94.8 90.6 91.6"),
        ]) { Baseline = "LoRA" },
        new("paper/table-8", "Methods on DialogSum, ROUGE-1 (Llama2-7b)", ["dialogsum"],
        [
            new("Full-FT", """{"method": "full"}""", "49.86"),
            new("LoRA", """{"method": "lora"}""", "50.15"),
            new("LoRA-drop", Drop, "49.84"),
        ]) { Baseline = "LoRA" },
        new("paper/figure-2", "‖ΔWx‖² of each layer's LoRA over the samples (RTE, query)", ["glue/rte"], [new("LoRA-drop", Measured, "")]),
        new("paper/figure-4", "Importance of layers by task (RoBERTa-base, query)", Glue, [new("LoRA-drop", Measured, "")]),
        new("paper/figure-5", "Importance of layers by sample ratio, at equal steps (RTE, query)", ["glue/rte"],
            Ratios),
        new("paper/figure-6", "‖ΔWx‖² of each layer's LoRA over the samples (RTE, value)", ["glue/rte"], [new("LoRA-drop", Measured, "")]),
        new("paper/figure-7", "‖ΔWx‖² of each layer's LoRA over the samples (MRPC, query)", ["glue/mrpc"],
            [new("LoRA-drop", Measured, "")]),
        new("paper/figure-8", "‖ΔWx‖² of each layer's LoRA over the samples (MRPC, value)", ["glue/mrpc"],
            [new("LoRA-drop", Measured, "")]),
        new("paper/figure-9", "‖ΔWx‖² before and after sharing (RTE, query)", ["glue/rte"], [new("LoRA-drop", AfterToo, "")]),
        new("paper/figure-10", "‖ΔWx‖² before and after sharing (RTE, value)", ["glue/rte"], [new("LoRA-drop", AfterToo, "")]),
        new("paper/figure-11", "Importance of layers by task (RoBERTa-base, value)", Glue, [new("LoRA-drop", Measured, "")]),
        new("paper/figure-12", "Importance of layers by sample ratio, at equal steps (RTE, value)", ["glue/rte"],
            Ratios),
    ];

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(preset => preset.Name)];

    /// <summary>The preset with this name, or null.</summary>
    public static PaperPreset? Find(string? name) => All.FirstOrDefault(preset => preset.Name == name);

    /// <summary>Figures of importance need stage 1 alone.</summary>
    private const string Measured = """{"method": "lora-drop", "training.maxSteps": 1}""";

    /// <summary>As in section 4.3: 20 % of RTE, 4 epochs.</summary>
    private const string AfterToo = """
        {"method": "lora-drop", "importance.sampleRatio": 0.2, "importance.epochs": 4, "importance.after": true, "training.epochs": 4}
        """;

    /// <summary>The sample ratios of figures 5 and 12, at equal steps.</summary>
    private static PaperRow[] Ratios => [.. Enumerable.Range(1, 10).Select(tenths =>
    {
        var ratio = (tenths / 10.0).ToString(CultureInfo.InvariantCulture);
        return new PaperRow($"α = {ratio}", $$"""
            {"method": "lora-drop", "importance.sampleRatio": {{ratio}}, "importance.steps": 100, "training.maxSteps": 1}
            """, "");
    })];
}

/// <summary>A row of a table of the paper: what is run, and what the paper has.</summary>
/// <param name="Name">The row's name.</param>
/// <param name="Settings">What it sets, by paths, as JSON.</param>
/// <param name="Scores">The paper's scores in the order of the preset's tasks, in percent; empty if the paper has none.</param>
public sealed record PaperRow(string Name, string Settings, string Scores)
{
    /// <summary>Of table 3: the paper's scores with the important layers alone.</summary>
    public string LargeOnly { get; init; } = "";

    /// <summary>Of table 3: the paper's scores with as many of the least important layers alone.</summary>
    public string SmallOnly { get; init; } = "";
}

/// <summary>A preset of an experiment.</summary>
/// <param name="Name">Name in requests, such as <c>paper/table-1</c>.</param>
/// <param name="Title">What it shows, and the model that the paper ran it on.</param>
/// <param name="Tasks">The paper's tasks, in its order, by the names of task presets.</param>
/// <param name="Rows">What is compared.</param>
public sealed record PaperPreset(string Name, string Title, IReadOnlyList<string> Tasks, IReadOnlyList<PaperRow> Rows)
{
    /// <summary>The axes of a preset's grid.</summary>
    public const string MethodAxis = "method", TaskAxis = "task";

    private static readonly Dictionary<string, string> Titles = new()
    {
        ["glue/rte"] = "RTE", ["glue/mrpc"] = "MRPC", ["glue/stsb"] = "STS-B", ["glue/cola"] = "CoLA", ["glue/sst2"] = "SST-2",
        ["glue/qnli"] = "QNLI", ["glue/mnli"] = "MNLI", ["glue/qqp"] = "QQP", ["e2e"] = "E2E", ["dart"] = "DART",
        ["dialogsum"] = "DialogSum", ["gsm8k"] = "GSM8K",
    };

    /// <summary>The row that the others are compared with; null if none is.</summary>
    public string? Baseline { get; init; }

    /// <summary>The paper's score of a row on a task, in percent; null if it has none.</summary>
    public double? ScoreOf(string? row, string? task) => ScoreOf(row, task, found => found.Scores);

    /// <summary>The same for one of table 3's columns of scores.</summary>
    public double? ScoreOf(string? row, string? task, Func<PaperRow, string> scores)
    {
        if (Rows.FirstOrDefault(known => known.Name == row) is not { } found) return null;
        var place = Tasks.Index().FirstOrDefault(known => TitleOf(known.Item) == task);
        var all = scores(found).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return place.Item is not null && all.Length > place.Index
            ? double.Parse(all[place.Index], CultureInfo.InvariantCulture)
            : null;
    }

    /// <summary>A task's name in tables.</summary>
    public static string TitleOf(string task) => Titles.GetValueOrDefault(task, task);

    /// <summary>The grid of this preset for a model and datasets.</summary>
    internal ExperimentRequest Expand(ExperimentRequest request, JsonFields fields)
    {
        var (model, tasks) = (fields.RequiredText("model"), fields.Pairs("tasks"));
        if (tasks.Count == 0)
            fields.Refuse("tasks", "must say where the data is, by task: {\"glue/rte\": \"<dataset>\"}; the paper has "
                + string.Join(", ", Tasks));
        foreach (var task in tasks.Keys.Where(task => TaskPreset.Find(task) is null))
            fields.Refuse($"tasks.{task}", "is no task preset" + Spelling.Hint(task, [.. TaskPreset.All.Select(preset => preset.Name)]));
        var rows = RowsOf(fields);
        var seeds = fields.Seeds("seeds") ?? [1, 2, 3]; // three, as in the paper
        var settings = request.Base.DeepClone().AsObject();
        settings["model"] = model;
        foreach (var field in (string[])["dataset", "method"])
            if (request.Base.ContainsKey(field)) fields.Refuse($"base.{field}", $"is set by the preset {Name}");
        // the paper's order, then what is not in the paper
        var ordered = tasks.OrderBy(task =>
            Tasks.Index().FirstOrDefault(known => known.Item == task.Key, (Index: int.MaxValue, Item: "")).Index);
        return request with
        {
            Name = request.Name ?? Name,
            Base = settings,
            Grid =
            [
                new(TaskAxis, [.. ordered.Select(task => new GridValue(TitleOf(task.Key),
                [
                    KeyValuePair.Create("dataset", JsonSerializer.SerializeToElement(task.Value)),
                    KeyValuePair.Create("task.preset", JsonSerializer.SerializeToElement(task.Key)),
                ]))]),
                new(MethodAxis, [.. rows.Select(row => new GridValue(row.Name, [.. JsonDocument.Parse(row.Settings).RootElement
                    .EnumerateObject().Select(set => KeyValuePair.Create(set.Name, set.Value.Clone()))]))]),
                new(ExperimentRequest.SeedAxis, [.. seeds.Select(seed =>
                    GridValue.Of(ExperimentRequest.SeedAxis, JsonSerializer.SerializeToElement(seed)))]),
            ],
            Baseline = request.Baseline ?? (Baseline is { } row && rows.Any(known => known.Name == row)
                ? new Dictionary<string, string> { [MethodAxis] = row }
                : null),
        };
    }

    private IReadOnlyList<PaperRow> RowsOf(JsonFields fields)
    {
        if (fields.Texts("methods") is not { } chosen) return Rows;
        foreach (var (i, name) in chosen.Index())
            if (Rows.All(row => row.Name != name))
                fields.Refuse($"methods[{i}]", $"must be one of {string.Join(", ", Rows.Select(row => row.Name))}; got {name}");
        return [.. Rows.Where(row => chosen.Contains(row.Name))];
    }
}
