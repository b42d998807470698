namespace LoraDrop.Domain;

/// <summary>
/// NIST (Doddington 2002): matches of n-grams, n = 1..5, each weighted by how much it says, which is how rare it is after its first n-1
/// words in the references. Equal to pymteval of tuetschek/e2e-metrics; mteval-v13a prints the same where every segment has equally many
/// references and no text fewer than five tokens.
/// </summary>
public static class Nist
{
    private const int Orders = 5;

    /// <param name="segments">The corpus.</param>
    /// <param name="lowercase">Whether case is ignored, as the E2E challenge does.</param>
    /// <returns>NIST, 0 and up (7 to 9 on E2E); NaN where an order's n-grams add up to none, as with one sentence of one to four
    /// words.</returns>
    public static double Corpus(IEnumerable<Segment> segments, bool lowercase = true)
    {
        var ngrams = new NgramCounts();
        var matched = Enumerable.Range(0, Orders).Select(_ => new Dictionary<int, int>()).ToArray();
        var inReferences = new Dictionary<int, int>();
        long length = 0, sentences = 0;
        var referenceLength = 0.0;
        foreach (var segment in segments)
        {
            var hypothesis = E2eTokens.Of(segment.Hypothesis, lowercase);
            var references = segment.References.Select(r => E2eTokens.Of(r, lowercase)).ToList();
            var counted = references.ConvertAll(r => ngrams.Of(r, Orders));
            foreach (var (ngram, count) in counted.SelectMany(order => order).SelectMany(count => count))
                NgramCounts.Add(inReferences, ngram, count);
            foreach (var count in counted.Skip(1)) NgramCounts.Raise(counted[0], count);
            Match(ngrams.Of(hypothesis, Orders), counted[0], matched);
            (length, sentences) = (length + hypothesis.Count, sentences + 1);
            NgramCounts.Add(inReferences, 0, references.Sum(r => r.Count));
            referenceLength += references.Average(r => r.Count);
        }
        var prefixes = ngrams.Prefixes();
        return Penalty(length / referenceLength) * Enumerable.Range(0, Orders).Sum(n => PerNgram(n, length - n * sentences));

        double PerNgram(int n, long total) => total == 0 ? double.NaN
            : matched[n].Sum(hit => hit.Value * Math.Log2(inReferences[prefixes[hit.Key]] / (double)inReferences[hit.Key])) / total;
    }

    private static void Match(Dictionary<int, int>[] used, Dictionary<int, int>[] allowed, Dictionary<int, int>[] matched)
    {
        for (var n = 0; n < Orders; n++)
        {
            foreach (var (ngram, count) in used[n])
            {
                if (allowed[n].TryGetValue(ngram, out var most)) NgramCounts.Add(matched[n], ngram, Math.Min(count, most));
            }
        }
    }

    // Half the score is left to a text two thirds as long as its references.
    private static double Penalty(double ratio)
    {
        var beta = -Math.Log(0.5) / Math.Pow(Math.Log(1.5), 2);
        return ratio >= 1 ? 1 : Math.Exp(-beta * Math.Pow(Math.Log(ratio), 2));
    }
}
