namespace LoraDrop.Domain;

/// <summary>
/// BLEU as the E2E challenge measures it, and with it the figures published for E2E and DART: several references, 13a tokens, case ignored;
/// equal to pymteval of tuetschek/e2e-metrics.
/// </summary>
/// <remarks>
/// An order without a match counts 10⁻¹⁵ matches. A sentence of fewer than four tokens takes n-grams it does not have from the total, as it
/// does in pymteval, so a corpus of such sentences can score above 1; <see cref="Bleu"/> is right there.
/// </remarks>
public static class E2eBleu
{
    private const int Orders = 4;

    /// <param name="segments">The corpus.</param>
    /// <param name="lowercase">Whether case is ignored, as the challenge does.</param>
    /// <param name="smoothing">Matches and n-grams added to every order; 0 by default, 1 is sentence BLEU as Moses has it.</param>
    /// <returns>BLEU, 0 to 1.</returns>
    public static double Corpus(IEnumerable<Segment> segments, bool lowercase = true, double smoothing = 0)
    {
        var counts = new BleuCounts(Orders);
        var sentences = 0L;
        foreach (var segment in segments)
        {
            counts.Add(E2eTokens.Of(segment.Hypothesis, lowercase), [.. segment.References.Select(r => E2eTokens.Of(r, lowercase))]);
            sentences++;
        }
        var logarithms = 0.0;
        for (var n = 0; n < Orders; n++)
        {
            var total = counts.HypothesisLength - n * sentences;
            logarithms += Math.Log(Math.Max(counts.Matched[n] + smoothing, 1e-15) / Math.Max(total + smoothing, 1e-9));
        }
        return Penalty(counts.HypothesisLength, counts.ReferenceLength) * Math.Exp(logarithms / Orders);
    }

    private static double Penalty(double length, double reference) =>
        length > reference ? 1 : Math.Exp(1 - reference / (length == 0 ? 1e-5 : length));
}
