namespace LoraDrop.Domain;

/// <summary>
/// ROUGE-L as the E2E scripts report it (pycocoevalcap): precision and recall of the longest common subsequence, each with the reference that gives
/// most, joined with β = 1.2. Not the ROUGE-L of summaries, which is <see cref="Rouge"/>.
/// </summary>
public static class CocoRougeL
{
    private const double BetaSquared = 1.2 * 1.2;

    /// <summary>The mean over the segments; 0 to 1.</summary>
    public static double Corpus(IEnumerable<Segment> segments) => segments.Average(Score);

    /// <summary>The score of one segment; 0 to 1.</summary>
    public static double Score(Segment segment)
    {
        var hypothesis = WordsOf(segment.Hypothesis);
        double precision = 0, recall = 0;
        foreach (var reference in segment.References.Select(WordsOf))
        {
            double common = LongestCommonSubsequence.Length(reference, hypothesis);
            if (common == 0) continue;
            (precision, recall) = (Math.Max(precision, common / hypothesis.Count), Math.Max(recall, common / reference.Count));
        }
        return precision == 0 ? 0 : (1 + BetaSquared) * precision * recall / (recall + BetaSquared * precision);
    }

    // There, a text without words is one empty word, so it equals another such text.
    private static List<string> WordsOf(string text) => CocoTokens.Of(text) is { Count: > 0 } tokens ? tokens : [""];
}
