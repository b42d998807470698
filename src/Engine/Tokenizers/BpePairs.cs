namespace LoraDrop.Engine.Tokenizers;

/// <summary>The pairs of neighbouring tokens in a set of counted words, updated as pairs are merged.</summary>
internal sealed class BpePairs
{
    private const int FewestOccurrences = 2;

    private readonly List<string> _tokens;
    private readonly List<(List<int> Tokens, int Count)> _words = [];
    private readonly Dictionary<(int Left, int Right), int> _counts = [];
    private readonly Dictionary<(int Left, int Right), HashSet<int>> _wordsWith = [];
    private readonly PriorityQueue<(int Left, int Right), (int Count, string Left, string Right)> _queue;

    /// <param name="words">Words over single letters, each with its count.</param>
    /// <param name="tokens">Tokens by index; the caller adds merged tokens.</param>
    public BpePairs(IReadOnlyDictionary<string, int> words, List<string> tokens)
    {
        _tokens = tokens;
        _queue = new(Comparer<(int Count, string Left, string Right)>.Create(CommonestFirst));
        var letters = tokens.Index().ToDictionary(token => token.Item[0], token => token.Index);
        foreach (var (word, count) in words) _words.Add(([.. word.Select(letter => letters[letter])], count));
        for (var word = 0; word < _words.Count; word++) Count(word, sign: 1);
        foreach (var pair in _counts.Keys) Enqueue(pair);
    }

    /// <summary>Removes and returns the most frequent pair, or null if no pair occurs twice.</summary>
    public (int Left, int Right)? TakeCommonest()
    {
        while (_queue.TryDequeue(out var pair, out var key))
        {
            var count = _counts.GetValueOrDefault(pair);
            if (count == key.Count) return pair;
            Enqueue(pair); // its count has dropped since it was queued
        }
        return null;
    }

    /// <summary>Replaces a pair by one token in all words.</summary>
    public void Merge((int Left, int Right) pair, int merged)
    {
        if (!_wordsWith.Remove(pair, out var words)) return;
        var changed = new HashSet<(int, int)>();
        foreach (var word in words)
        {
            Count(word, sign: -1);
            Replace(_words[word].Tokens, pair, merged);
            Count(word, sign: 1);
            changed.UnionWith(PairsOf(_words[word].Tokens).Where(near => near.Left == merged || near.Right == merged));
        }
        foreach (var near in changed) Enqueue(near);
    }

    private static void Replace(List<int> tokens, (int Left, int Right) pair, int merged)
    {
        var kept = 0;
        for (var i = 0; i < tokens.Count; i++)
        {
            var isPair = i + 1 < tokens.Count && tokens[i] == pair.Left && tokens[i + 1] == pair.Right;
            tokens[kept++] = isPair ? merged : tokens[i];
            if (isPair) i++;
        }
        tokens.RemoveRange(kept, tokens.Count - kept);
    }

    /// <summary>Adds a word's pairs to the counts (sign 1) or subtracts them (sign -1).</summary>
    private void Count(int word, int sign)
    {
        foreach (var pair in PairsOf(_words[word].Tokens))
        {
            _counts[pair] = _counts.GetValueOrDefault(pair) + sign * _words[word].Count;
            if (sign < 0) continue;
            if (!_wordsWith.TryGetValue(pair, out var words)) _wordsWith[pair] = words = [];
            words.Add(word);
        }
    }

    private void Enqueue((int Left, int Right) pair)
    {
        var count = _counts.GetValueOrDefault(pair);
        if (count >= FewestOccurrences) _queue.Enqueue(pair, (count, _tokens[pair.Left], _tokens[pair.Right]));
    }

    private static IEnumerable<(int Left, int Right)> PairsOf(List<int> tokens) => tokens.Zip(tokens.Skip(1));

    private static int CommonestFirst((int Count, string Left, string Right) one, (int Count, string Left, string Right) other)
    {
        if (one.Count != other.Count) return other.Count.CompareTo(one.Count);
        var left = string.CompareOrdinal(one.Left, other.Left);
        return left != 0 ? left : string.CompareOrdinal(one.Right, other.Right);
    }
}
