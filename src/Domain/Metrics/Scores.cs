namespace LoraDrop.Domain;

/// <summary>The figures of one evaluation by their names in JSON, and which of them picks the best evaluation.</summary>
/// <param name="Values">Name to value; NaN where a figure is undefined (the correlation of a constant).</param>
/// <param name="Primary">The name of the figure that counts. Higher is better.</param>
public sealed record Scores(IReadOnlyDictionary<string, double> Values, string Primary)
{
    public double PrimaryValue => Values[Primary];

    /// <summary>Whether this evaluation beats an earlier one, or there is none; an undefined figure is worse than any other.</summary>
    public bool Beats(Scores? earlier) =>
        earlier is null || PrimaryValue > earlier.PrimaryValue || (double.IsNaN(earlier.PrimaryValue) && !double.IsNaN(PrimaryValue));

    /// <summary>Scores class indices.</summary>
    public static Scores Of(TaskSettings task, IReadOnlyList<int> gold, IReadOnlyList<int> predicted) => Of(task, metric => metric switch
    {
        Metric.Accuracy => ClassificationMetrics.Accuracy(gold, predicted),
        Metric.F1 => ClassificationMetrics.F1(gold, predicted),
        Metric.MacroF1 => ClassificationMetrics.MacroF1(gold, predicted),
        Metric.Matthews => ClassificationMetrics.Matthews(gold, predicted),
        Metric.Pearson or Metric.Spearman or Metric.Mse => throw new ArgumentException($"{metric} scores numbers, not classes."),
    });

    /// <summary>Scores numbers.</summary>
    public static Scores Of(TaskSettings task, IReadOnlyList<double> gold, IReadOnlyList<double> predicted) => Of(task, metric => metric switch
    {
        Metric.Pearson => RegressionMetrics.Pearson(gold, predicted),
        Metric.Spearman => RegressionMetrics.Spearman(gold, predicted),
        Metric.Mse => RegressionMetrics.MeanSquaredError(gold, predicted),
        Metric.Accuracy or Metric.F1 or Metric.MacroF1 or Metric.Matthews => throw new ArgumentException($"{metric} scores classes, not numbers."),
    });

    private static Scores Of(TaskSettings task, Func<Metric, double> score) =>
        new(task.Reported.ToDictionary(JsonText.NameOf, score), JsonText.NameOf(task.Metric));
}
