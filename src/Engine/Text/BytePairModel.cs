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

    private readonly string _continuation;

    private readonly record struct Merge(int Rank, int Id);

    /// <param name="vocabulary">All tokens with their ids.</param>
    /// <param name="merges">Pairs of tokens, earliest first; see <see cref="FirstMissing"/>.</param>
    /// <param name="continuation">What tokens begin with that do not begin a word.</param>
    public BytePairModel(
        IReadOnlyDictionary<string, int> vocabulary, IReadOnlyList<(string Left, string Right)> merges, string continuation = "")
        : this(vocabulary, [.. merges.Select((merge, rank) => (merge.Left, merge.Right, rank))], continuation) { }

    /// <param name="vocabulary">All tokens with their ids.</param>
    /// <param name="merges">Pairs of tokens with their ranks, lowest first; several may have one.</param>
    /// <param name="continuation">What tokens begin with that do not begin a word.</param>
    public BytePairModel(
        IReadOnlyDictionary<string, int> vocabulary, IReadOnlyList<(string Left, string Right, int Rank)> merges, string continuation = "")
    {
        _vocabulary = vocabulary;
        _continuation = continuation;
        foreach (var (token, id) in vocabulary)
        {
            if (Rune.TryGetRuneAt(token, 0, out var rune) && rune.Utf16SequenceLength == token.Length) _letters[rune] = id;
        }
        _merges = new Dictionary<(int, int), Merge>(merges.Count);
        foreach (var (left, right, rank) in merges)
        {
            _merges[(vocabulary[left], vocabulary[right])] = new Merge(rank, vocabulary[Joined(left, right, continuation)]);
        }
    }

    /// <summary>The first token that a merge uses or makes and the vocabulary lacks, or null.</summary>
    public static string? FirstMissing(
        IReadOnlyDictionary<string, int> vocabulary, IEnumerable<(string Left, string Right)> merges, string continuation = "") =>
        merges.SelectMany(merge => (string[])[merge.Left, merge.Right, Joined(merge.Left, merge.Right, continuation)])
            .FirstOrDefault(token => !vocabulary.ContainsKey(token));

    public IReadOnlyDictionary<string, int> Vocabulary => _vocabulary;

    /// <summary>Takes the place of letters that the vocabulary lacks; without it they are dropped.</summary>
    public string? UnknownToken { get; init; }

    /// <summary>Whether neighbouring unknown letters become one token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>Whether an unknown letter becomes tokens for its UTF-8 bytes (<c>&lt;0xE2&gt;</c>), where the vocabulary has all of them.</summary>
    public bool ByteFallback { get; init; }

    /// <summary>What the last token of a word ends with.</summary>
    public string EndOfWord { get; init; } = "";

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
        var at = 0;
        foreach (var rune in word.EnumerateRunes())
        {
            var affixed = Affixed(rune, isFirst: at == 0, isLast: (at += rune.Utf16SequenceLength) == word.Length);
            if (affixed is null ? _letters.TryGetValue(rune, out var id) : _vocabulary.TryGetValue(affixed, out id))
            {
                afterUnknown = false;
                yield return id;
            }
            else if (ByteFallback && BytesOf(affixed ?? rune.ToString()) is { } bytes)
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

    /// <summary>A letter as the vocabulary has it at its place in a word; null where that is the letter itself.</summary>
    private string? Affixed(Rune letter, bool isFirst, bool isLast) =>
        (isFirst || _continuation.Length == 0) && (!isLast || EndOfWord.Length == 0) ? null
            : $"{(isFirst ? "" : _continuation)}{letter}{(isLast ? EndOfWord : "")}";

    private static string Joined(string left, string right, string continuation) =>
        left + (continuation.Length > 0 && right.StartsWith(continuation, StringComparison.Ordinal) ? right[continuation.Length..] : right);

    private int[]? BytesOf(string letter)
    {
        var bytes = Encoding.UTF8.GetBytes(letter);
        var ids = new int[bytes.Length];
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
