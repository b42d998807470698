namespace LoraDrop.Domain;

/// <summary>
/// CIDEr (Vedantam et al. 2015) as pycocoevalcap counts it, which is the paper's CIDEr-D: how alike the n-grams are, n = 1..4, each weighted by how few
/// segments of the corpus have it in a reference.
/// </summary>
/// <remarks>The weights come from the corpus itself: a single segment scores 0, and scores of different corpora cannot be compared.</remarks>
public static class Cider
{
    private const int Orders = 4;
    private const double Sigma = 6;

    private readonly record struct Weighted(Dictionary<int, double>[] Weights, double[] Norms, int Length);

    /// <summary>The mean over the segments; 0 to 10.</summary>
    public static double Corpus(IReadOnlyList<Segment> segments) => Scores(segments).Average();

    /// <summary>The score of each segment within the corpus; 0 to 10.</summary>
    public static IReadOnlyList<double> Scores(IReadOnlyList<Segment> segments)
    {
        var ngrams = new NgramCounts();
        var hypotheses = segments.Select(segment => Counted(segment.Hypothesis)).ToList();
        var references = segments.Select(segment => segment.References.Select(Counted).ToList()).ToList();
        var frequency = new Dictionary<int, int>();
        foreach (var segment in references)
        {
            foreach (var ngram in segment.SelectMany(r => r).SelectMany(count => count.Keys).Distinct()) NgramCounts.Add(frequency, ngram, 1);
        }
        return [.. hypotheses.Zip(references, (ours, theirs) => 10 * theirs.Average(other => Alike(Weigh(ours), Weigh(other))))];

        Dictionary<int, int>[] Counted(string text) => ngrams.Of(CocoTokens.Of(text), Orders);

        Weighted Weigh(Dictionary<int, int>[] counts)
        {
            Dictionary<int, double>[] weights = [.. counts.Select(count => count.ToDictionary(
                ngram => ngram.Key,
                ngram => ngram.Value * (Math.Log(segments.Count) - Math.Log(Math.Max(1, frequency.GetValueOrDefault(ngram.Key))))))];
            // The published code takes the number of word pairs for the length.
            return new(weights, [.. weights.Select(w => Math.Sqrt(w.Values.Sum(v => v * v)))], counts[1].Values.Sum());
        }
    }

    private static double Alike(Weighted ours, Weighted theirs)
    {
        double difference = ours.Length - theirs.Length, alike = 0;
        for (var n = 0; n < Orders; n++)
        {
            var product = ours.Weights[n].Sum(w => theirs.Weights[n].TryGetValue(w.Key, out var other) ? Math.Min(w.Value, other) * other : 0);
            alike += ours.Norms[n] == 0 || theirs.Norms[n] == 0 ? product : product / (ours.Norms[n] * theirs.Norms[n]);
        }
        return alike / Orders * Math.Exp(-difference * difference / (2 * Sigma * Sigma));
    }
}
