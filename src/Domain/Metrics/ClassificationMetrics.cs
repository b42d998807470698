namespace LoraDrop.Domain;

/// <summary>Classification metrics, equal to scikit-learn's; 0 if undefined.</summary>
public static class ClassificationMetrics
{
    public static double Accuracy(IReadOnlyList<int> gold, IReadOnlyList<int> predicted) =>
        Pairs(gold, predicted).Count(p => p.First == p.Second) / (double)gold.Count;

    /// <summary>F1 of one class: 2·TP / (2·TP + FP + FN).</summary>
    public static double F1(IReadOnlyList<int> gold, IReadOnlyList<int> predicted, int positive = 1)
    {
        var hits = Pairs(gold, predicted).Count(p => p.First == positive && p.Second == positive);
        var claims = gold.Count(y => y == positive) + predicted.Count(y => y == positive);
        return claims == 0 ? 0 : 2.0 * hits / claims;
    }

    /// <summary>The plain mean of F1 over the classes that occur in gold or prediction.</summary>
    public static double MacroF1(IReadOnlyList<int> gold, IReadOnlyList<int> predicted) =>
        gold.Union(predicted).Average(label => F1(gold, predicted, label));

    /// <summary>Matthews' coefficient for any number of classes (Gorodkin's R_K): the correlation of gold and prediction.</summary>
    public static double Matthews(IReadOnlyList<int> gold, IReadOnlyList<int> predicted)
    {
        double n = gold.Count, right = Pairs(gold, predicted).Count(p => p.First == p.Second);
        double both = 0, goldSquares = 0, predictedSquares = 0;
        foreach (var label in gold.Union(predicted))
        {
            double t = gold.Count(y => y == label), p = predicted.Count(y => y == label);
            (both, goldSquares, predictedSquares) = (both + t * p, goldSquares + t * t, predictedSquares + p * p);
        }
        var spread = (n * n - goldSquares) * (n * n - predictedSquares);
        return spread == 0 ? 0 : (n * right - both) / Math.Sqrt(spread);
    }

    private static IEnumerable<(int First, int Second)> Pairs(IReadOnlyList<int> gold, IReadOnlyList<int> predicted)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(predicted.Count, gold.Count);
        return gold.Zip(predicted);
    }
}
