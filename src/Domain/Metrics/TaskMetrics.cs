namespace LoraDrop.Domain;

/// <summary>Which metrics apply to which task, and whether lower is better.</summary>
public static class TaskMetrics
{
    /// <summary>The metrics of generated text.</summary>
    public static IReadOnlyList<Metric> OfTexts { get; } =
        [Metric.Bleu, Metric.E2eBleu, Metric.Nist, Metric.Rouge, Metric.Rouge1, Metric.Rouge2, Metric.RougeL, Metric.Meteor, Metric.Chrf,
            Metric.ExactMatch, Metric.Gsm8k];

    /// <summary>Whether lower is better for this metric.</summary>
    public static bool IsLowerBetter(string name) => name is "perplexity" or "mse" or "loss";

    /// <summary>The default metric of a task.</summary>
    public static Metric DefaultOf(TaskKind kind) => kind switch
    {
        TaskKind.Classification => Metric.Accuracy,
        TaskKind.Regression => Metric.Spearman,
        TaskKind.Generation => Metric.Perplexity,
    };
}
