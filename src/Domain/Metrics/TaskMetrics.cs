namespace LoraDrop.Domain;

/// <summary>Which metrics go with which task, and which way is better.</summary>
public static class TaskMetrics
{
    /// <summary>What generated answers are scored by.</summary>
    public static IReadOnlyList<Metric> OfTexts { get; } =
        [Metric.Bleu, Metric.E2eBleu, Metric.Nist, Metric.Rouge, Metric.Rouge1, Metric.Rouge2, Metric.RougeL, Metric.Meteor, Metric.Chrf, Metric.ExactMatch, Metric.Gsm8k];

    /// <summary>Whether a figure of this name is the better the lower it is.</summary>
    public static bool IsLowerBetter(string name) => name is "perplexity" or "mse" or "loss";

    /// <summary>What counts where nothing else is said.</summary>
    public static Metric DefaultOf(TaskKind kind) => kind switch
    {
        TaskKind.Classification => Metric.Accuracy,
        TaskKind.Regression => Metric.Spearman,
        TaskKind.Generation => Metric.Perplexity,
    };
}
