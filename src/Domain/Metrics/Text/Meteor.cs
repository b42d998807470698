namespace LoraDrop.Domain;

/// <summary>
/// METEOR (Lavie and Agarwal 2007) in the two stages that need no dictionary, equal words and equal stems: NLTK 3.8's <c>meteor_score</c>
/// over 13a tokens, without its WordNet stage.
/// </summary>
/// <remarks>
/// Not the METEOR 1.5 of the E2E and DART scripts, which knows synonyms and paraphrases from tables of its own and weighs function words
/// less: compare these figures with one another, not with published ones.
/// </remarks>
public static class Meteor
{
    private const double Alpha = 0.9, Beta = 3, Gamma = 0.5;

    /// <summary>The mean over the segments; 0 to 1.</summary>
    public static double Corpus(IEnumerable<Segment> segments) => segments.Average(Best);

    /// <summary>The score with the reference that fits best; 0 to 1.</summary>
    public static double Best(Segment segment)
    {
        var hypothesis = LowerTokens(segment.Hypothesis);
        return segment.References.Max(reference => Score(hypothesis, LowerTokens(reference)));
    }

    private static List<string> LowerTokens(string text) => Tokens.Mteval13a(Words.TrimEnd(text)).ConvertAll(Words.Lower);

    private static double Score(List<string> hypothesis, List<string> reference)
    {
        var aligned = Aligned(hypothesis, reference);
        var matches = aligned.Count(place => place >= 0);
        if (matches == 0) return 0;
        double precision = matches / (double)hypothesis.Count, recall = matches / (double)reference.Count;
        var mean = precision * recall / (Alpha * precision + (1 - Alpha) * recall);
        return (1 - Gamma * Math.Pow(Chunks(aligned) / (double)matches, Beta)) * mean;
    }

    /// <summary>For each word of the hypothesis the word of the reference it is matched with, or -1.</summary>
    private static int[] Aligned(List<string> hypothesis, List<string> reference)
    {
        var aligned = new int[hypothesis.Count];
        Array.Fill(aligned, -1);
        var taken = new bool[reference.Count];
        Match(word => word);
        Match(PorterStemmer.Stem);
        return aligned;

        // From the end, each with the last free word that is alike.
        void Match(Func<string, string> form)
        {
            var free = new Dictionary<string, Stack<int>>(StringComparer.Ordinal);
            for (var j = 0; j < taken.Length; j++)
            {
                if (taken[j]) continue;
                var word = form(reference[j]);
                if (!free.TryGetValue(word, out var places)) free[word] = places = [];
                places.Push(j);
            }
            for (var i = aligned.Length - 1; i >= 0; i--)
            {
                if (aligned[i] >= 0 || !free.TryGetValue(form(hypothesis[i]), out var places) || !places.TryPop(out var place)) continue;
                (aligned[i], taken[place]) = (place, true);
            }
        }
    }

    /// <summary>Runs of neighbours that are matched with neighbours in the same order.</summary>
    private static int Chunks(int[] aligned)
    {
        var chunks = 0;
        for (var i = 0; i < aligned.Length; i++)
        {
            if (aligned[i] >= 0 && (i == 0 || aligned[i - 1] < 0 || aligned[i] != aligned[i - 1] + 1)) chunks++;
        }
        return chunks;
    }
}
