using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

public enum TaskKind
{
    /// <summary>Predicts one of several classes.</summary>
    Classification,

    /// <summary>Predicts a number.</summary>
    Regression,

    /// <summary>Generates text for a prompt; requires a decoder.</summary>
    Generation,
}

/// <summary>The columns of a data file that the task reads. In a file without a header, use indices from 0.</summary>
/// <param name="First">The text, or the first text of a pair.</param>
/// <param name="Second">The second text of a pair; null for single texts.</param>
/// <param name="Label">The label (name or index of a class), or the number to predict for regression.</param>
public sealed record TaskColumns(string First, string? Second, string Label)
{
    [JsonIgnore]
    public IEnumerable<string> All => Second is null ? [First, Label] : [First, Second, Label];

    public override string ToString() => string.Join(", ", All);

    internal static TaskColumns Read(JsonFields fields) =>
        new(fields.RequiredText("first"), fields.Text("second"), fields.RequiredText("label"));
}

/// <summary>The task: what the model learns, from which columns, and how it is scored.</summary>
public sealed record TaskSettings
{
    /// <summary>Classification, regression or generation; default the preset's.</summary>
    public required TaskKind Kind { get; init; }

    /// <summary>A preset (<see cref="TaskPreset.All"/>) that provides defaults for omitted settings; default null.</summary>
    public string? Preset { get; init; }

    /// <summary>The columns to read; default null: the first of the preset's choices that the file contains.</summary>
    public TaskColumns? Columns { get; init; }

    /// <summary>Class names, class 0 first; default the preset's, else null: the labels of the training file, sorted.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>The primary metric, which selects the best checkpoint; default the preset's, else accuracy, spearman or perplexity. For
    /// generation, perplexity selects the checkpoint, since text is generated only at the end.</summary>
    public required Metric Metric { get; init; }

    /// <summary>For generation: prompt and target templates; default null: the first of the preset's choices whose columns the file
    /// contains.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TextSettings? Text { get; init; }

    /// <summary>For generation: decoding settings; null otherwise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DecodingSettings? Decoding { get; init; }

    /// <summary>The accepted templates, best first.</summary>
    [JsonIgnore]
    public IReadOnlyList<TextSettings> TextChoices => Text is not null ? [Text] : TaskPreset.Find(Preset)?.Texts ?? [];

    /// <summary>The accepted columns, best first.</summary>
    [JsonIgnore]
    public IReadOnlyList<TaskColumns> ColumnChoices => Columns is not null ? [Columns] : TaskPreset.Find(Preset)?.Columns ?? [];

    /// <summary>The metrics of an evaluation: the primary one first, then the usual ones of the task.</summary>
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
        if (Columns is not null && Columns.All.Where(name => name.Length > 0).GroupBy(name => name).Any(same => same.Count() > 1))
            yield return new($"{path}.columns", "must be different columns");
        if (Kind == TaskKind.Generation)
        {
            foreach (var fault in (Text?.Faults($"{path}.text") ?? []).Concat(Decoding?.Faults($"{path}.decoding") ?? []))
                yield return fault;
            if (Columns is not null)
                yield return new($"{path}.columns", "does not apply to generation, which reads the columns in text.prompt and text.target");
            if (Labels is not null) yield return new($"{path}.labels", "applies only to classification");
        }
        else
        {
            if (Text is not null) yield return new($"{path}.text", $"applies only to generation; {JsonText.NameOf(Kind)} uses columns");
            if (Decoding is not null) yield return new($"{path}.decoding", "applies only to generation");
        }
        if (!MetricFits)
            yield return new($"{path}.metric", $"{JsonText.NameOf(Metric)} cannot be the primary metric of this task; use {Choices}");
        if (Labels is null || Kind == TaskKind.Generation) yield break;
        if (Kind == TaskKind.Regression) yield return new($"{path}.labels", "applies only to classification");
        else if (Labels.Count < 2) yield return new($"{path}.labels", $"must have at least two classes; got {Labels.Count}");
        if (new ClassIndex(Labels).Count < Labels.Count) yield return new($"{path}.labels", "must not contain duplicates");
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
        TaskKind.Classification => "accuracy, macro-f1, matthews, or f1 with two classes",
        TaskKind.Generation => string.Join(", ", TaskMetrics.OfTexts.Prepend(Metric.Perplexity).Select(JsonText.NameOf)),
    };

    internal static TaskSettings Read(JsonFields fields)
    {
        var preset = ReadPreset(fields);
        var kind = ReadKind(fields, preset);
        var generates = kind == TaskKind.Generation;
        if (!fields.Has("preset") && !fields.Has(generates ? "text" : "columns"))
            fields.Refuse(generates ? "text" : "columns", "is required without a preset");
        return new TaskSettings
        {
            Kind = kind,
            Preset = preset?.Name,
            Columns = fields.Has("columns") ? fields.Section("columns", TaskColumns.Read) : null,
            Labels = fields.Texts("labels") ?? preset?.Labels,
            Metric = fields.Choice<Metric>("metric") ?? preset?.Metric ?? TaskMetrics.DefaultOf(kind),
            Text = fields.Has("text") ? fields.Section("text", TextSettings.Read) : null,
            Decoding = generates || fields.Has("decoding")
            ? fields.Section("decoding", decoding => DecodingSettings.Read(decoding, preset?.Decoding ?? new()))
            : null,
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
        if (preset is not null && kind is not null && kind != preset.Kind)
            fields.Refuse("kind", $"must be {JsonText.NameOf(preset.Kind)} for {preset.Name}");
        if (!fields.Has("preset") && !fields.Has("kind")) fields.Refuse("kind", "is required without a preset");
        return preset?.Kind ?? kind ?? TaskKind.Classification;
    }
}
