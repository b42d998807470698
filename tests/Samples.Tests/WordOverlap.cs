namespace LoraDrop.Samples.Tests;

/// <summary>How well the share of common words orders pairs by their score.</summary>
internal static class WordOverlap
{
    /// <summary>Spearman's rank correlation between Jaccard overlap and score.</summary>
    public static double Spearman(IReadOnlyList<(string Text, int Grade)> rows) =>
        Pearson(Ranks([.. rows.Select(row => Jaccard(row.Text))]), Ranks([.. rows.Select(row => (double)row.Grade)]));

    private static double Jaccard(string pair)
    {
        var columns = pair.ToLowerInvariant().TrimEnd('.').Replace(".\t", "\t").Split('\t').Select(sentence => sentence.Split(' '))
            .ToArray();
        return (double)columns[0].Intersect(columns[1]).Count() / columns[0].Union(columns[1]).Count();
    }

    /// <summary>Ranks in which equal values share their mean rank.</summary>
    private static double[] Ranks(double[] values)
    {
        var rankOf = values.Order().Index().GroupBy(value => value.Item)
            .ToDictionary(ties => ties.Key, ties => ties.Average(tie => tie.Index));
        return [.. values.Select(value => rankOf[value])];
    }

    private static double Pearson(double[] x, double[] y)
    {
        var (meanX, meanY) = (x.Average(), y.Average());
        double Covariance(double[] a, double meanA, double[] b, double meanB) => a.Zip(b, (p, q) => (p - meanA) * (q - meanB)).Sum();
        return Covariance(x, meanX, y, meanY) / Math.Sqrt(Covariance(x, meanX, x, meanX) * Covariance(y, meanY, y, meanY));
    }
}
