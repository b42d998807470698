namespace LoraDrop.Domain;

/// <summary>
/// chrF (Popović 2015, 2017), equal to sacreBLEU 2.6.0: the F-score of character n-grams, n = 1..6, blanks left out, recall counting β² = 4
/// times as much as precision.
/// </summary>
/// <param name="WordOrder">Maximum order of word n-grams; 0 is chrF2, 2 is chrF2++.</param>
/// <param name="Lowercase">Whether to ignore case; default false.</param>
public sealed record ChrF(int WordOrder = 0, bool Lowercase = false)
{
    private const int CharacterOrder = 6;
    private const double BetaSquared = 4;

    private readonly record struct Counts(long Hypothesis, long Reference, long Common);

    /// <summary>chrF of all segments together, each with the reference that fits best; 0 to 100.</summary>
    public double Corpus(IEnumerable<Segment> segments)
    {
        var sum = new Counts[CharacterOrder + WordOrder];
        foreach (var segment in segments)
        {
            foreach (var (n, counts) in Best(segment).Index())
            {
                sum[n] = new(sum[n].Hypothesis + counts.Hypothesis, sum[n].Reference + counts.Reference, sum[n].Common + counts.Common);
            }
        }
        return F(sum);
    }

    private Counts[] Best(Segment segment)
    {
        NgramCounts characters = new(), words = new();
        var ours = Ngrams(segment.Hypothesis);
        return segment.References.Select(reference => Compared(ours, Ngrams(reference))).MaxBy(F)!;

        Dictionary<int, int>[] Ngrams(string text)
        {
            var split = Words.Split(Lowercase ? Words.Lower(text) : text);
            int[] runes = [.. split.SelectMany(word => word.EnumerateRunes()).Select(rune => rune.Value)];
            return [.. characters.Of(runes, CharacterOrder),
                .. words.Of(split.ConvertAll(PunctuationApart).SelectMany(w => w).ToList(), WordOrder)];
        }
    }

    // If the reference has no n-gram of an order, that order is ignored, also for precision.
    private static Counts[] Compared(Dictionary<int, int>[] ours, Dictionary<int, int>[] theirs) =>
        [.. ours.Zip(theirs, (h, r) => new Counts(r.Count == 0 ? 0 : h.Values.Sum(), r.Values.Sum(), NgramCounts.Common(h, r)))];

    private static double F(Counts[] orders)
    {
        var counted = orders.Where(o => o is { Hypothesis: > 0, Reference: > 0 }).ToList();
        if (counted.Count == 0) return 0;
        double precision = counted.Average(o => o.Common / (double)o.Hypothesis),
            recall = counted.Average(o => o.Common / (double)o.Reference);
        return precision + recall == 0 ? 0 : 100 * (1 + BetaSquared) * precision * recall / (BetaSquared * precision + recall);
    }

    // One mark at the end of a word, or else one at its start: "(hi)" is "(hi" and ")".
    private static List<string> PunctuationApart(string word) =>
        word.Length == 1 ? [word]
        : IsMark(word[^1]) ? [word[..^1], word[^1..]]
        : IsMark(word[0]) ? [word[..1], word[1..]]
        : [word];

    private static bool IsMark(char c) => char.IsAscii(c) && (char.IsPunctuation(c) || char.IsSymbol(c));
}
