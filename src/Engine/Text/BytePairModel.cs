using System.Text;

namespace LoraDrop.Engine;

/// <summary>Byte pair encoding (Sennrich, Haddow and Birch 2016): starts from single letters and applies the merges, earliest rank first.</summary>
/// <remarks>Among equal merges the leftmost goes first. A word of n letters takes O(n log n).</remarks>
internal sealed class BytePairModel : IWordModel
{
    private const int Gone = -1;

    private readonly IReadOnlyDictionary<string, int> _vocabulary;
    private readonly Dictionary<Rune, int> _letters = [];
    private readonly Dictionary<(int Left, int Right), Merge> _merges;

    private readonly record struct Merge(int Rank, int Id);

    /// <param name="vocabulary">All tokens with their ids.</param>
    /// <param name="merges">Pairs of tokens, earliest first; see <see cref="FirstMissing"/>.</param>
    public BytePairModel(IReadOnlyDictionary<string, int> vocabulary, IReadOnlyList<(string Left, string Right)> merges)
        : this(vocabulary, [.. merges.Select((merge, rank) => (merge.Left, merge.Right, rank))]) { }

    /// <param name="vocabulary">All tokens with their ids.</param>
    /// <param name="merges">Pairs of tokens with their ranks, lowest first; several may have one.</param>
    public BytePairModel(IReadOnlyDictionary<string, int> vocabulary, IReadOnlyList<(string Left, string Right, int Rank)> merges)
    {
        _vocabulary = vocabulary;
        foreach (var (token, id) in vocabulary)
        {
            if (Rune.TryGetRuneAt(token, 0, out var rune) && rune.Utf16SequenceLength == token.Length) _letters[rune] = id;
        }
        _merges = new Dictionary<(int, int), Merge>(merges.Count);
        foreach (var (left, right, rank) in merges)
        {
            _merges[(vocabulary[left], vocabulary[right])] = new Merge(rank, vocabulary[left + right]);
        }
    }

    /// <summary>The first token that a merge uses or makes and the vocabulary lacks, or null.</summary>
    public static string? FirstMissing(IReadOnlyDictionary<string, int> vocabulary, IEnumerable<(string Left, string Right)> merges) =>
        merges.SelectMany(merge => (string[])[merge.Left, merge.Right, merge.Left + merge.Right]).FirstOrDefault(token => !vocabulary.ContainsKey(token));

    public IReadOnlyDictionary<string, int> Vocabulary => _vocabulary;

    /// <summary>Takes the place of letters that the vocabulary lacks; without it they are dropped.</summary>
    public string? UnknownToken { get; init; }

    /// <summary>Whether neighbouring unknown letters become one token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>Whether an unknown letter becomes tokens for its UTF-8 bytes (<c>&lt;0xE2&gt;</c>), where the vocabulary has all of them.</summary>
    public bool ByteFallback { get; init; }

    /// <summary>Whether a word that is a token is taken whole, even if no merges lead to it.</summary>
    public bool IgnoreMerges { get; init; }

    public void Append(string word, List<int> ids)
    {
        if (IgnoreMerges && _vocabulary.TryGetValue(word, out var whole)) ids.Add(whole);
        else AppendMerged([.. Letters(word)], ids);
    }

    private IEnumerable<int> Letters(string word)
    {
        var afterUnknown = false;
        foreach (var rune in word.EnumerateRunes())
        {
            if (_letters.TryGetValue(rune, out var id))
            {
                afterUnknown = false;
                yield return id;
            }
            else if (ByteFallback && BytesOf(rune) is { } bytes)
            {
                foreach (var value in bytes) yield return value;
            }
            else if (UnknownToken is not null)
            {
                if (!(FuseUnknown && afterUnknown)) yield return _vocabulary[UnknownToken];
                afterUnknown = true;
            }
        }
    }

    private int[]? BytesOf(Rune rune)
    {
        Span<byte> bytes = stackalloc byte[4];
        var ids = new int[rune.EncodeToUtf8(bytes)];
        for (var i = 0; i < ids.Length; i++)
        {
            if (!_vocabulary.TryGetValue($"<0x{bytes[i]:X2}>", out ids[i])) return null;
        }
        return ids;
    }

    /// <summary>Applies the merges to a chain of symbols: each knows its neighbours, and a merge is made in its left symbol's place.</summary>
    private void AppendMerged(int[] symbols, List<int> ids)
    {
        var previous = new int[symbols.Length];
        var next = new int[symbols.Length];
        for (var i = 0; i < symbols.Length; i++) (previous[i], next[i]) = (i - 1, i + 1);

        var waiting = new PriorityQueue<int, (int Rank, int Place)>();
        for (var i = 0; i < symbols.Length; i++) Consider(i);
        while (waiting.TryDequeue(out var id, out var merge))
        {
            var left = merge.Place;
            if (MergeAt(left)?.Id != id) continue; // one of the two has become part of another symbol meanwhile
            var right = next[left];
            symbols[left] = id;
            symbols[right] = Gone;
            next[left] = next[right];
            if (next[left] < symbols.Length) previous[next[left]] = left;
            if (previous[left] >= 0) Consider(previous[left]);
            Consider(left);
        }
        foreach (var symbol in symbols)
        {
            if (symbol != Gone) ids.Add(symbol);
        }

        void Consider(int left)
        {
            if (MergeAt(left) is { } merge) waiting.Enqueue(merge.Id, (merge.Rank, left));
        }

        Merge? MergeAt(int left) =>
            next[left] < symbols.Length && _merges.TryGetValue((symbols[left], symbols[next[left]]), out var merge) ? merge : null;
    }
}
