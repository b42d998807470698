namespace LoraDrop.Domain;

/// <summary>A histogram with bins of equal width, as in figures 2 and 6 to 10 of the paper for ‖ΔWx‖² over the samples.</summary>
/// <param name="From">Lower edge of the first bin.</param>
/// <param name="To">Upper edge of the last bin.</param>
/// <param name="Counts">Values per bin; the last bin includes its upper edge.</param>
public sealed record Histogram(double From, double To, IReadOnlyList<long> Counts)
{
    /// <summary>Bins of equal width from <paramref name="from"/> to <paramref name="to"/>; values outside are not counted.</summary>
    public static Histogram Of(IEnumerable<double> values, double from, double to, int bins = 30)
    {
        var counts = new long[bins];
        foreach (var value in values)
            if (value >= from && value <= to)
                counts[to > from ? Math.Min(bins - 1, (int)((value - from) / (to - from) * bins)) : 0]++;
        return new(from, to, counts);
    }
}
