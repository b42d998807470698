using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

public enum TaskKind
{
    /// <summary>One label out of several.</summary>
    Classification,

    /// <summary>A number.</summary>
    Regression,

    /// <summary>A text that follows a prompt; for decoders.</summary>
    Generation,
}

/// <summary>The columns of a data file that the task reads. Digits name a column by its place, from 0, in a file without a header.</summary>
/// <param name="First">The text, or the first of a pair.</param>
/// <param name="Second">The second text of a pair, or null.</param>
/// <param name="Label">A label's name or number, or for regression the number to predict.</param>
public sealed record TaskColumns(string First, string? Second, string Label)
{
    [JsonIgnore]
    public IEnumerable<string> All => Second is null ? [First, Label] : [First, Second, Label];

    public override string ToString() => string.Join(", ", All);

    internal static TaskColumns Read(JsonFields fields) => new(fields.RequiredText("first"), fields.Text("second"), fields.RequiredText("label"));
}

/// <summary>What the model learns to predict, from which columns, and what counts as good.</summary>
public sealed record TaskSettings
{
    /// <summary>Classification, regression or generation; default the preset's.</summary>
    public required TaskKind Kind { get; init; }

    /// <summary>A known task (<see cref="TaskPreset.All"/>) that fills in what is not given; default null.</summary>
    public string? Preset { get; init; }

    /// <summary>The columns to read; default null: the first of the preset's choices that the file has.</summary>
    public TaskColumns? Columns { get; init; }

    /// <summary>The names of the classes, class 0 first; default the preset's, else null: those of the training file in order.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>The metric that counts; default the preset's, else accuracy, spearman or perplexity. It picks the best evaluation; in generation perplexity does, since answers are generated at the end alone.</summary>
    public required Metric Metric { get; init; }

    /// <summary>Generation: how a row becomes prompt and target; default null: the first of the preset's choices whose columns the file has.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TextSettings? Text { get; init; }

    /// <summary>Generation: how answers are generated; null otherwise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DecodingSettings? Decoding { get; init; }

    /// <summary>The ways to read a row that would do, best first.</summary>
    [JsonIgnore]
    public IReadOnlyList<TextSettings> TextChoices => Text is not null ? [Text] : TaskPreset.Find(Preset)?.Texts ?? [];

    /// <summary>The columns that would do, best first.</summary>
    [JsonIgnore]
    public IReadOnlyList<TaskColumns> ColumnChoices => Columns is not null ? [Columns] : TaskPreset.Find(Preset)?.Columns ?? [];

    /// <summary>The metrics of an evaluation: the primary one first, then what is usual for the task.</summary>
    [JsonIgnore]
    public IReadOnlyList<Metric> Reported => [.. Usual.Prepend(Metric).Distinct()];

    private Metric[] Usual => (Kind, Labels?.Count) switch
    {
        (TaskKind.Regression, _) => [Metric.Pearson, Metric.Spearman, Metric.Mse],
        (TaskKind.Classification, 2) => [Metric.Accuracy, Metric.F1, Metric.Matthews],
        (TaskKind.Classification, _) => [Metric.Accuracy, Metric.MacroF1, Metric.Matthews],
        (TaskKind.Generation, _) => [Metric.Perplexity, .. TaskMetrics.OfTexts.Where(metric => metric != Metric.Gsm8k)],
    };

    public IEnumerable<Fault> Faults(string path)
    {
        if (Columns is not null && Columns.All.Where(name => name.Length > 0).GroupBy(name => name).Any(same => same.Count() > 1)) yield return new($"{path}.columns", "must name different columns");
        if (Kind == TaskKind.Generation)
        {
            foreach (var fault in (Text?.Faults($"{path}.text") ?? []).Concat(Decoding?.Faults($"{path}.decoding") ?? [])) yield return fault;
            if (Columns is not null) yield return new($"{path}.columns", "belongs to classification and regression; generation reads the columns that text.prompt and text.target name");
            if (Labels is not null) yield return new($"{path}.labels", "belongs to classification");
        }
        else
        {
            if (Text is not null) yield return new($"{path}.text", $"belongs to generation; {JsonText.NameOf(Kind)} reads columns");
            if (Decoding is not null) yield return new($"{path}.decoding", "belongs to generation");
        }
        if (!MetricFits) yield return new($"{path}.metric", $"{JsonText.NameOf(Metric)} cannot pick the best evaluation of this task; choose {Choices}");
        if (Labels is null || Kind == TaskKind.Generation) yield break;
        if (Kind == TaskKind.Regression) yield return new($"{path}.labels", "belongs to classification: regression predicts a number");
        else if (Labels.Count < 2) yield return new($"{path}.labels", $"must name at least two classes; got {Labels.Count}");
        if (new ClassIndex(Labels).Count < Labels.Count) yield return new($"{path}.labels", "must name each class once");
    }

    private bool MetricFits => (Kind, Metric) switch
    {
        (TaskKind.Regression, Metric.Pearson or Metric.Spearman) => true,
        (TaskKind.Classification, Metric.F1) => Labels is null or { Count: 2 },
        (TaskKind.Classification, Metric.Accuracy or Metric.MacroF1 or Metric.Matthews) => true,
        (TaskKind.Generation, _) => Metric == Metric.Perplexity || TaskMetrics.OfTexts.Contains(Metric),
        _ => false,
    };

    private string Choices => Kind switch
    {
        TaskKind.Regression => "pearson or spearman",
        TaskKind.Classification => "accuracy, macro-f1, matthews, or f1 where there are two classes",
        TaskKind.Generation => string.Join(", ", TaskMetrics.OfTexts.Prepend(Metric.Perplexity).Select(JsonText.NameOf)),
    };

    internal static TaskSettings Read(JsonFields fields)
    {
        var preset = ReadPreset(fields);
        var kind = ReadKind(fields, preset);
        var generates = kind == TaskKind.Generation;
        if (!fields.Has("preset") && !fields.Has(generates ? "text" : "columns")) fields.Refuse(generates ? "text" : "columns", "is required where no preset is named");
        return new TaskSettings
        {
            Kind = kind,
            Preset = preset?.Name,
            Columns = fields.Has("columns") ? fields.Section("columns", TaskColumns.Read) : null,
            Labels = fields.Texts("labels") ?? preset?.Labels,
            Metric = fields.Choice<Metric>("metric") ?? preset?.Metric ?? TaskMetrics.DefaultOf(kind),
            Text = fields.Has("text") ? fields.Section("text", TextSettings.Read) : null,
            Decoding = generates || fields.Has("decoding") ? fields.Section("decoding", decoding => DecodingSettings.Read(decoding, preset?.Decoding ?? new())) : null,
        };
    }

    private static TaskPreset? ReadPreset(JsonFields fields)
    {
        var written = fields.Text("preset");
        var preset = TaskPreset.Find(written);
        var known = TaskPreset.All.Select(p => p.Name);
        if (written is not null && preset is null)
            fields.Refuse("preset", $"must be one of {string.Join(", ", known)}; got \"{written}\"{Spelling.Hint(written, known)}");
        return preset;
    }

    private static TaskKind ReadKind(JsonFields fields, TaskPreset? preset)
    {
        var kind = fields.Choice<TaskKind>("kind");
        if (preset is not null && kind is not null && kind != preset.Kind) fields.Refuse("kind", $"must be {JsonText.NameOf(preset.Kind)} for {preset.Name}");
        if (!fields.Has("preset") && !fields.Has("kind")) fields.Refuse("kind", "is required where no preset is named");
        return preset?.Kind ?? kind ?? TaskKind.Classification;
    }
}
