namespace LoraDrop.Domain;

/// <summary>How BLEU smooths an order without matching n-grams (Chen and Cherry 2014).</summary>
public enum BleuSmoothing
{
    /// <summary>Method 3, mteval's own and sacreBLEU's default: the k-th order without a match counts 1/2^k matches.</summary>
    Exponential,

    /// <summary>Method 1: an order without a match counts 0.1 matches.</summary>
    Floor,

    /// <summary>Method 2: every order above 1 counts one match and one n-gram more.</summary>
    AddOne,

    /// <summary>No smoothing: an order without a match makes the score 0.</summary>
    None,
}

/// <summary>
/// BLEU (Papineni et al. 2002), equal to sacreBLEU 2.6.0: the geometric mean of the n-gram precisions, n = 1..4, times a penalty for
/// being shorter than the reference of the closest length.
/// </summary>
/// <param name="Tokenization">Tokenization; default 13a, as used by WMT.</param>
/// <param name="Smoothing">Smoothing of orders without a match; default exponential.</param>
/// <param name="Lowercase">Whether to ignore case; default false.</param>
/// <param name="EffectiveOrder">Whether to skip orders longer than the hypothesis, as is right for single sentences; default false.</param>
public sealed record Bleu(
    Tokenization Tokenization = Tokenization.Mteval13a,
    BleuSmoothing Smoothing = BleuSmoothing.Exponential,
    bool Lowercase = false,
    bool EffectiveOrder = false)
{
    private const int Orders = 4;

    /// <summary>BLEU of all segments together: counts are added first, so it is not the mean of theirs.</summary>
    public BleuScore Corpus(IEnumerable<Segment> segments)
    {
        var counts = new BleuCounts(Orders);
        foreach (var segment in segments) counts.Add(Tokens(segment.Hypothesis), [.. segment.References.Select(Tokens)]);
        return Score(counts);
    }

    /// <summary>BLEU of one segment, over the orders for which it has n-grams.</summary>
    public BleuScore Sentence(Segment segment) => (this with { EffectiveOrder = true }).Corpus([segment]);

    private List<string> Tokens(string text) => Domain.Tokens.Of(Words.TrimEnd(Lowercase ? Words.Lower(text) : text), Tokenization);

    private BleuScore Score(BleuCounts counts)
    {
        var precisions = new double[Orders];
        var (penalty, used, halving) = (Penalty(counts), Orders, 1.0);
        if (counts.Matched.All(m => m == 0)) return Result(0);
        for (var n = 0; n < Orders; n++)
        {
            double more = Smoothing == BleuSmoothing.AddOne && n > 0 ? 1 : 0, matched = counts.Matched[n] + more, total = counts.Total[n]
                + more;
            if (total == 0) break;
            if (EffectiveOrder) used = n + 1;
            precisions[n] = 100 * (matched > 0 ? matched : Smoothing switch
            {
                BleuSmoothing.Exponential => 1 / (halving *= 2),
                BleuSmoothing.Floor => 0.1,
                BleuSmoothing.AddOne or BleuSmoothing.None => 0,
            }) / total;
        }
        return Result(penalty * Math.Exp(precisions.Take(used).Sum(Math.Log) / used));

        BleuScore Result(double score) =>
            new(score, counts.Matched, counts.Total, precisions, penalty, counts.HypothesisLength, counts.ReferenceLength);
    }

    private static double Penalty(BleuCounts counts) =>
        counts.HypothesisLength >= counts.ReferenceLength ? 1
        : counts.HypothesisLength == 0 ? 0
        : Math.Exp(1 - counts.ReferenceLength / (double)counts.HypothesisLength);
}

/// <param name="Score">BLEU, 0 to 100.</param>
/// <param name="Matched">Per order, n-grams of the hypotheses that occur in a reference, counted at most as often as there.</param>
/// <param name="Total">Per order, n-grams of the hypotheses.</param>
/// <param name="Precisions">Per order, 0 to 100, smoothed.</param>
/// <param name="BrevityPenalty">The factor for shortness, 0 to 1.</param>
/// <param name="HypothesisLength">Tokens of the hypotheses.</param>
/// <param name="ReferenceLength">Tokens of the references closest in length, the shorter of two as close.</param>
public sealed record BleuScore(
    double Score,
    IReadOnlyList<long> Matched,
    IReadOnlyList<long> Total,
    IReadOnlyList<double> Precisions,
    double BrevityPenalty,
    long HypothesisLength,
    long ReferenceLength);

/// <summary>Accumulates the counts of BLEU segment by segment.</summary>
internal sealed class BleuCounts(int orders)
{
    public long[] Matched { get; } = new long[orders];

    public long[] Total { get; } = new long[orders];

    public long HypothesisLength { get; private set; }

    public long ReferenceLength { get; private set; }

    public void Add(List<string> hypothesis, IReadOnlyList<List<string>> references)
    {
        var ngrams = new NgramCounts();
        var used = ngrams.Of(hypothesis, orders);
        var allowed = ngrams.Of(references[0], orders);
        foreach (var reference in references.Skip(1)) NgramCounts.Raise(allowed, ngrams.Of(reference, orders));
        for (var n = 0; n < orders; n++)
        {
            Matched[n] += NgramCounts.Common(used[n], allowed[n]);
            Total[n] += Math.Max(0, hypothesis.Count - n);
        }
        HypothesisLength += hypothesis.Count;
        ReferenceLength += Closest(hypothesis.Count, references);
    }

    private static int Closest(int length, IReadOnlyList<List<string>> references) =>
        references.Select(r => r.Count).MinBy(r => (Math.Abs(r - length), r));
}
