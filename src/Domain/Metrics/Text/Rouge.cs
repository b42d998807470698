namespace LoraDrop.Domain;

/// <summary>
/// ROUGE (Lin 2004), equal to Google's rouge_score 0.1.2: shared words, shared pairs of words, and the longest common subsequence, of ASCII
/// letters and digits in lower case.
/// </summary>
/// <param name="Stem">Whether words of more than three letters are cut to their stems first, as is usual for summaries.</param>
public sealed record Rouge(bool Stem = true)
{
    /// <summary>The mean over the segments, each with the reference that fits best.</summary>
    public RougeScores Corpus(IReadOnlyList<Segment> segments)
    {
        var scores = segments.Select(Best).ToList();
        return new(Mean(s => s.Rouge1), Mean(s => s.Rouge2), Mean(s => s.RougeL), Mean(s => s.RougeLsum));

        RougeScore Mean(Func<RougeScores, RougeScore> of) =>
            new(scores.Average(s => of(s).Precision), scores.Average(s => of(s).Recall), scores.Average(s => of(s).F));
    }

    /// <summary>For each kind of ROUGE the reference with the highest F, the first of equal ones.</summary>
    public RougeScores Best(Segment segment)
    {
        var scores = segment.References.Select(reference => Score(segment.Hypothesis, reference)).ToList();
        return new(Highest(s => s.Rouge1), Highest(s => s.Rouge2), Highest(s => s.RougeL), Highest(s => s.RougeLsum));

        RougeScore Highest(Func<RougeScores, RougeScore> of) => scores.Select(of).MaxBy(score => score.F)!;
    }

    public RougeScores Score(string hypothesis, string reference)
    {
        List<string> ours = Tokens(hypothesis), theirs = Tokens(reference);
        var ngrams = new NgramCounts();
        Dictionary<int, int>[] used = ngrams.Of(ours, 2), wanted = ngrams.Of(theirs, 2);
        return new(
            RougeScore.Of(NgramCounts.Common(used[0], wanted[0]), ours.Count, theirs.Count),
            RougeScore.Of(NgramCounts.Common(used[1], wanted[1]), ours.Count - 1, theirs.Count - 1),
            RougeScore.Of(LongestCommonSubsequence.Length(theirs, ours), ours.Count, theirs.Count),
            SummaryLevel(Lines(hypothesis), Lines(reference)));
    }

    /// <summary>Runs of ASCII letters and digits in lower case; everything else parts them.</summary>
    internal List<string> Tokens(string text)
    {
        text = Words.Lower(text);
        var tokens = new List<string>();
        for (var end = 0; end < text.Length;)
        {
            var start = end;
            while (start < text.Length && !char.IsAsciiLetterOrDigit(text[start])) start++;
            for (end = start; end < text.Length && char.IsAsciiLetterOrDigit(text[end]);) end++;
            if (end > start) tokens.Add(Stem && end - start > 3 ? PorterStemmer.Stem(text[start..end]) : text[start..end]);
        }
        return tokens;
    }

    private List<List<string>> Lines(string text) => [.. text.Split('\n').Where(line => line.Length > 0).Select(Tokens)];

    // A reference line is hit by the words that lie in its common subsequence with any line; no word counts oftener than both texts have
    // it.
    private static RougeScore SummaryLevel(List<List<string>> ours, List<List<string>> theirs)
    {
        var left = theirs.SelectMany(t => t).GroupBy(t => t).ToDictionary(t => t.Key, t => t.Count());
        var oursLeft = ours.SelectMany(t => t).GroupBy(t => t).ToDictionary(t => t.Key, t => t.Count());
        var hits = 0;
        foreach (var line in theirs)
        {
            foreach (var position in ours.SelectMany(other => LongestCommonSubsequence.Positions(line, other)).Distinct())
            {
                var token = line[position];
                if (oursLeft[token] == 0 || left[token] == 0) continue;
                (oursLeft[token], left[token], hits) = (oursLeft[token] - 1, left[token] - 1, hits + 1);
            }
        }
        return RougeScore.Of(hits, ours.Sum(line => line.Count), theirs.Sum(line => line.Count));
    }
}

/// <summary>Precision, recall and their harmonic mean, each 0 to 1.</summary>
public sealed record RougeScore(double Precision, double Recall, double F)
{
    internal static RougeScore Of(int hits, int ours, int theirs)
    {
        double precision = hits / (double)Math.Max(ours, 1), recall = hits / (double)Math.Max(theirs, 1);
        return new(precision, recall, hits == 0 ? 0 : 2 * precision * recall / (precision + recall));
    }
}

/// <param name="Rouge1">Shared words.</param>
/// <param name="Rouge2">Shared pairs of words.</param>
/// <param name="RougeL">The longest common subsequence of the whole texts.</param>
/// <param name="RougeLsum">The longest common subsequences line by line; a line is a sentence, as in news summaries.</param>
public sealed record RougeScores(RougeScore Rouge1, RougeScore Rouge2, RougeScore RougeL, RougeScore RougeLsum);
