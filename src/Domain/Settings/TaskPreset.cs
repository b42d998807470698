namespace LoraDrop.Domain;

/// <summary>A known task: how its files look, how it is scored, and how the papers train it.</summary>
/// <param name="Name">As a request names it, such as <c>glue/rte</c>.</param>
/// <param name="Kind">Classification or regression.</param>
/// <param name="Columns">The columns under the names that the published files use; the first whose columns are all there is read.</param>
/// <param name="Labels">The classes in the order of GLUE's own numbering; null for regression.</param>
/// <param name="Metric">The metric of table 1 of the LoRA-drop paper.</param>
/// <param name="Training">RoBERTa-base in table 9 of Hu et al. 2021.</param>
public sealed record TaskPreset(
    string Name, TaskKind Kind, IReadOnlyList<TaskColumns> Columns, IReadOnlyList<string>? Labels, Metric Metric, TrainingSettings Training)
{
    public static IReadOnlyList<TaskPreset> All { get; } =
    [
        // GLUE's file has no header: source, label, mark, sentence.
        Classes("glue/cola", [new("sentence", null, "label"), new("3", null, "1")], ["unacceptable", "acceptable"], 32, 80, 4e-4, Metric.Matthews),
        Classes("glue/sst2", [new("sentence", null, "label")], ["negative", "positive"], 16, 60, 5e-4),
        Classes("glue/mrpc", [new("#1 String", "#2 String", "Quality"), new("sentence1", "sentence2", "label")], ["not_equivalent", "equivalent"], 16, 30, 4e-4),
        // sts-test.tsv has no header: genre, file, year, index, score, sentence1, sentence2, and on some rows their sources.
        new("glue/stsb", TaskKind.Regression, [new("sentence1", "sentence2", "score"), new("sentence1", "sentence2", "label"), new("5", "6", "4")],
            null, Metric.Spearman, Schedule(16, 40, 4e-4)),
        Classes("glue/rte", [new("sentence1", "sentence2", "label")], ["entailment", "not_entailment"], 32, 80, 5e-4),
        Classes("glue/qnli", [new("question", "sentence", "label")], ["entailment", "not_entailment"], 32, 25, 4e-4),
        Classes("glue/mnli", [new("premise", "hypothesis", "label"), new("sentence1", "sentence2", "gold_label")],
            ["entailment", "neutral", "contradiction"], 16, 30, 5e-4),
        Classes("glue/qqp", [new("question1", "question2", "is_duplicate"), new("question1", "question2", "label")], ["not_duplicate", "duplicate"], 16, 25, 5e-4),
    ];

    /// <summary>The task with the preset's own settings.</summary>
    public TaskSettings Task => new() { Kind = Kind, Preset = Name, Labels = Labels, Metric = Metric };

    /// <summary>The preset of that name, or null.</summary>
    public static TaskPreset? Find(string? name) => All.FirstOrDefault(preset => preset.Name == name);

    private static TaskPreset Classes(
        string name, TaskColumns[] columns, string[] labels, int batchSize, int epochs, double learningRate, Metric metric = Metric.Accuracy) =>
        new(name, TaskKind.Classification, columns, labels, metric, Schedule(batchSize, epochs, learningRate));

    private static TrainingSettings Schedule(int batchSize, int epochs, double learningRate) =>
        new() { BatchSize = batchSize, Epochs = epochs, LearningRate = learningRate };
}
