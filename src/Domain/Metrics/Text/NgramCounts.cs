namespace LoraDrop.Domain;

/// <summary>
/// Counts n-grams in time that grows with the text, not with n: an n-gram is a number, given to the pair of the
/// (n-1)-gram it starts with and its last token, so no n-gram is ever copied or compared token by token.
/// </summary>
internal sealed class NgramCounts
{
    private readonly Dictionary<string, int> _tokens = new(StringComparer.Ordinal);
    private readonly Dictionary<(int Prefix, int Last), int> _ngrams = [];

    /// <summary>The number of each token, in order.</summary>
    public int[] Numbered(List<string> tokens)
    {
        var numbers = new int[tokens.Count];
        for (var i = 0; i < numbers.Length; i++) numbers[i] = Number(_tokens, tokens[i]);
        return numbers;
    }

    /// <summary>Per order 1..<paramref name="orders"/>: how often each n-gram occurs.</summary>
    public Dictionary<int, int>[] Of(int[] tokens, int orders)
    {
        var counts = new Dictionary<int, int>[orders];
        var ngrams = new int[tokens.Length];   // at i: the n-gram that starts there; 0 is the empty one
        for (var n = 1; n <= orders; n++)
        {
            var count = counts[n - 1] = [];
            for (var i = 0; i + n <= tokens.Length; i++)
            {
                ngrams[i] = Number(_ngrams, (ngrams[i], tokens[i + n - 1]));
                Add(count, ngrams[i], 1);
            }
        }
        return counts;
    }

    public Dictionary<int, int>[] Of(List<string> tokens, int orders) => Of(Numbered(tokens), orders);

    /// <summary>Of each n-gram, the number of the n-gram without its last token; 0 for a single token.</summary>
    public Dictionary<int, int> Prefixes() => _ngrams.ToDictionary(ngram => ngram.Value, ngram => ngram.Key.Prefix);

    /// <summary>Raises each count of <paramref name="most"/> to that of <paramref name="counts"/>: an n-gram may be used as often as the
    /// reference that uses it most.</summary>
    public static void Raise(Dictionary<int, int>[] most, Dictionary<int, int>[] counts)
    {
        for (var n = 0; n < most.Length; n++)
        {
            foreach (var (ngram, count) in counts[n])
            {
                if (count > most[n].GetValueOrDefault(ngram)) most[n][ngram] = count;
            }
        }
    }

    /// <summary>How many n-grams both have, each as often as the one that has it less often.</summary>
    public static int Common(Dictionary<int, int> one, Dictionary<int, int> other)
    {
        var common = 0;
        foreach (var (ngram, count) in one) common += Math.Min(count, other.GetValueOrDefault(ngram));
        return common;
    }

    public static void Add(Dictionary<int, int> counts, int ngram, int times) =>
        System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(counts, ngram, out _) += times;

    private static int Number<T>(Dictionary<T, int> numbers, T key) where T : notnull
    {
        ref var number = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(numbers, key, out var known);
        if (!known) number = numbers.Count;
        return number;
    }
}
