namespace LoraDrop.Domain;

/// <summary>Regression metrics, equal to SciPy's; NaN if undefined.</summary>
public static class RegressionMetrics
{
    /// <summary>Pearson's correlation; NaN where either side is constant.</summary>
    public static double Pearson(IReadOnlyList<double> gold, IReadOnlyList<double> predicted)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(predicted.Count, gold.Count);
        if (IsConstant(gold) || IsConstant(predicted)) return double.NaN;
        double[] x = Centred(gold), y = Centred(predicted);
        var r = x.Zip(y, (a, b) => a * b).Sum() / (Norm(x) * Norm(y));
        return Math.Clamp(r, -1, 1);
    }

    /// <summary>Pearson's correlation of the ranks.</summary>
    public static double Spearman(IReadOnlyList<double> gold, IReadOnlyList<double> predicted) => Pearson(Ranks(gold), Ranks(predicted));

    public static double MeanSquaredError(IReadOnlyList<double> gold, IReadOnlyList<double> predicted)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(predicted.Count, gold.Count);
        return gold.Zip(predicted, (y, p) => (y - p) * (y - p)).Average();
    }

    /// <summary>Ranks from 1; equal values share the mean of theirs. A NaN makes every rank NaN.</summary>
    public static double[] Ranks(IReadOnlyList<double> values)
    {
        var ranks = new double[values.Count];
        if (values.Any(double.IsNaN)) Array.Fill(ranks, double.NaN);
        else AverageRanks(values, ranks);
        return ranks;
    }

    private static void AverageRanks(IReadOnlyList<double> values, double[] ranks)
    {
        var ranked = 0;
        foreach (var tie in values.Index().GroupBy(v => v.Item).OrderBy(tie => tie.Key).Select(tie => tie.ToArray()))
        {
            foreach (var (index, _) in tie) ranks[index] = ranked + (tie.Length + 1) / 2.0;
            ranked += tie.Length;
        }
    }

    private static bool IsConstant(IReadOnlyList<double> values) => values.All(v => v == values[0]);

    private static double[] Centred(IReadOnlyList<double> values)
    {
        var mean = values.Average();
        return [.. values.Select(v => v - mean)];
    }

    private static double Norm(double[] values) => Math.Sqrt(values.Sum(v => v * v));
}
