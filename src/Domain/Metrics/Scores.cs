using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>The scores of one evaluation by JSON name, and which one selects the best checkpoint.</summary>
/// <param name="Values">Value by name; NaN if undefined (the correlation of a constant).</param>
/// <param name="Primary">Name of the primary score.</param>
public sealed record Scores(IReadOnlyDictionary<string, double> Values, string Primary)
{
    public double PrimaryValue => Values[Primary];

    /// <summary>Why the primary score is undefined for these predictions; null if it is defined.</summary>
    /// <remarks>A correlation with a constant is NaN, and Matthews' coefficient of one class is 0 by convention, as in scikit-learn:
    /// neither can rank evaluations.</remarks>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Undefined { get; init; }

    /// <summary>Whether the primary score is better than an earlier evaluation's; false if either is undefined.</summary>
    public bool Beats(Scores earlier) => Undefined is null && earlier.Undefined is null
        && (TaskMetrics.IsLowerBetter(Primary) ? PrimaryValue < earlier.PrimaryValue : PrimaryValue > earlier.PrimaryValue);

    /// <summary>Scores class indices.</summary>
    public static Scores Of(TaskSettings task, IReadOnlyList<int> gold, IReadOnlyList<int> predicted) => Of(task, metric => metric switch
    {
        Metric.Accuracy => ClassificationMetrics.Accuracy(gold, predicted),
        Metric.F1 => ClassificationMetrics.F1(gold, predicted),
        Metric.MacroF1 => ClassificationMetrics.MacroF1(gold, predicted),
        Metric.Matthews => ClassificationMetrics.Matthews(gold, predicted),
        _ => throw new ArgumentException($"{metric} does not score classes."),
    }) with
    {
        Undefined = task.Metric switch
        {
            Metric.Matthews when IsConstant(gold) => "all labels have the same class",
            Metric.F1 when !gold.Contains(1) => $"no label has the class {task.Labels?[1] ?? "1"}",
            _ => null,
        },
    };

    /// <summary>Scores numbers.</summary>
    public static Scores Of(TaskSettings task, IReadOnlyList<double> gold, IReadOnlyList<double> predicted) =>
        Of(task, metric => metric switch
    {
        Metric.Pearson => RegressionMetrics.Pearson(gold, predicted),
        Metric.Spearman => RegressionMetrics.Spearman(gold, predicted),
        Metric.Mse => RegressionMetrics.MeanSquaredError(gold, predicted),
        _ => throw new ArgumentException($"{metric} does not score numbers."),
    }) with
    {
        Undefined = gold.Count < 2 ? "there is only one row"
            : IsConstant(gold) ? "all labels are equal"
            : IsConstant(predicted) ? "all predictions are equal" : null,
    };

    /// <summary>Scores a language model by the mean loss of a target's token.</summary>
    public static Scores OfLoss(double meanLoss)
    {
        var (name, value) = (JsonText.NameOf(Metric.Perplexity), Math.Exp(meanLoss));
        var undefined = double.IsFinite(value) ? null : "the loss is too large";
        return new(new Dictionary<string, double> { [name] = value }, name) { Undefined = undefined };
    }

    /// <summary>Scores generated answers.</summary>
    /// <param name="metric">The primary metric. For perplexity, which does not score generated text, BLEU is used.</param>
    /// <param name="answers">Answers with their references; at least one.</param>
    public static Scores OfTexts(Metric metric, IReadOnlyList<Segment> answers)
    {
        var rouge = new Rouge().Corpus(answers);
        double r1 = 100 * rouge.Rouge1.F, r2 = 100 * rouge.Rouge2.F, rl = 100 * rouge.RougeL.F;
        double Of(Metric metric) => metric switch
        {
            Metric.Bleu => new Bleu().Corpus(answers).Score,
            Metric.E2eBleu => E2eBleu.Corpus(answers),
            Metric.Nist => Nist.Corpus(answers),
            Metric.Rouge => (r1 + r2 + rl) / 3,
            Metric.Rouge1 => r1,
            Metric.Rouge2 => r2,
            Metric.RougeL => rl,
            Metric.Meteor => Meteor.Corpus(answers),
            Metric.Chrf => new ChrF().Corpus(answers),
            Metric.ExactMatch => ExactMatch.Corpus(answers),
            Metric.Gsm8k => answers.Average(answer =>
                answer.References.Any(gold => Gsm8k.Answer(gold) is { } number && Gsm8k.Answer(answer.Hypothesis) == number) ? 1.0 : 0),
            _ => throw new ArgumentException($"{metric} does not score texts."),
        };
        var counted = metric == Metric.Perplexity ? Metric.Bleu : metric;
        return new(TaskMetrics.OfTexts.Where(m => m != Metric.Gsm8k || m == metric).ToDictionary(JsonText.NameOf, Of),
            JsonText.NameOf(counted));
    }

    private static bool IsConstant<T>(IReadOnlyList<T> values) where T : IEquatable<T> => values.All(value => value.Equals(values[0]));

    private static Scores Of(TaskSettings task, Func<Metric, double> score) =>
        new(task.Reported.ToDictionary(JsonText.NameOf, score), JsonText.NameOf(task.Metric));
}
