namespace LoraDrop.Domain;

/// <summary>A stratified sample of a dataset: D_s of the paper (section 3.1), and held-out data.</summary>
/// <remarks>
/// The size is exactly round(ratio · n), halves up, with at least one of each stratum; seats that do not divide evenly go to the
/// largest remainders. Each stratum has its own random stream, so the sample depends only on seed and purpose.
/// </remarks>
public static class StratifiedSample
{
    /// <summary>The number of equal-sized bins for numeric targets.</summary>
    private const int Quantiles = 10;

    /// <summary>Samples by class.</summary>
    /// <returns>Indices into <paramref name="classes"/>, ascending.</returns>
    public static int[] ByClass(IReadOnlyList<int> classes, double ratio, long seed, string purpose) =>
        Draw([.. classes.Index().GroupBy(c => c.Item, c => c.Index).OrderBy(c => c.Key).Select(c => c.ToArray())], classes.Count, ratio,
            seed, purpose);

    /// <summary>Samples by tenths of the sorted targets; equal targets keep file order.</summary>
    /// <returns>Indices into <paramref name="targets"/>, ascending.</returns>
    public static int[] ByQuantile(IReadOnlyList<double> targets, double ratio, long seed, string purpose)
    {
        return Draw([.. Tenths([.. Enumerable.Range(0, targets.Count)], targets)], targets.Count, ratio, seed, purpose);
    }

    private static IEnumerable<int[]> Tenths(int[] members, IReadOnlyList<double> targets)
    {
        int n = members.Length, bins = QuantilesOf(n);
        var ordered = members.OrderBy(i => targets[i]).ToArray();
        return Enumerable.Range(0, bins).Select(b => ordered[(int)((long)b * n / bins)..(int)((b + 1L) * n / bins)]);
    }

    /// <summary>Samples by source, and in each by tenths of the sorted targets.</summary>
    /// <returns>Indices into <paramref name="targets"/>, ascending.</returns>
    public static int[] BySourceAndQuantile(IReadOnlyList<string> sources, IReadOnlyList<double> targets, double ratio, long seed,
        string purpose) =>
        Draw([.. sources.Index().GroupBy(s => s.Item, s => s.Index).OrderBy(s => s.Key, StringComparer.Ordinal)
            .SelectMany(source => Tenths([.. source], targets))], targets.Count, ratio, seed, purpose);

    /// <summary>The sample size for n rows in a number of strata: round(ratio · n), halves up, at least one of each stratum.</summary>
    public static int SizeOf(int n, int strata, double ratio) =>
        Math.Clamp((int)Math.Round(ratio * n, MidpointRounding.AwayFromZero), Math.Min(strata, n), n);

    /// <summary>The number of strata for n numbers.</summary>
    public static int QuantilesOf(int n) => Math.Min(Quantiles, n);

    private static int[] Draw(int[][] strata, int n, double ratio, long seed, string purpose)
    {
        if (ratio is not (> 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(ratio), ratio, "must lie in (0, 1]");
        var size = SizeOf(n, strata.Length, ratio);
        var seats = Seats([.. strata.Select(s => s.Length)], n, size);
        foreach (var (s, members) in strata.Index()) SplitMix64.For(seed, purpose, s).Shuffle(members);
        return [.. strata.SelectMany((members, s) => members.Take(seats[s])).Order()];
    }

    /// <summary>Divides the sample among the strata: size · nₛ / n each, whole, at least 1, together exactly the size.</summary>
    private static int[] Seats(int[] members, int n, int size)
    {
        var seats = members.Select(m => Math.Max(1, (int)((long)size * m / n))).ToArray();
        long Owed(int s) => (long)size * members[s] - (long)seats[s] * n;   // in n-ths of a seat; ties go to the first stratum

        var strata = Enumerable.Range(0, members.Length).ToArray();
        while (seats.Sum() < size) seats[strata.MaxBy(Owed)]++;
        while (seats.Sum() > size) seats[strata.Where(s => seats[s] > 1).MinBy(Owed)]--;
        return seats;
    }
}
