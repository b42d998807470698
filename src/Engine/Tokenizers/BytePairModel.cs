using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>Byte pair encoding (Sennrich, Haddow and Birch 2016): starts from single letters and applies merges, lowest rank
/// first.</summary>
/// <remarks>Of equal merges the leftmost is applied first. A word of n letters takes O(n log n).</remarks>
internal sealed partial class BytePairModel : IWordModel
{
    private const int Gone = -1;
    private const char Blank = '\u2581';

    private readonly IReadOnlyDictionary<string, int> _vocabulary;
    private readonly Dictionary<Rune, int> _letters = [];
    private readonly PairMerges _merges;
    private readonly string _continuation;
    private readonly HashSet<char> _lettersBeforeBlank = [];
    private readonly List<string> _beforeBlank = [];
    private readonly Lazy<bool> _blanksBegin;

    /// <param name="vocabulary">All tokens with their ids.</param>
    /// <param name="merges">Pairs of tokens, earliest first; see <see cref="FirstMissing"/>.</param>
    /// <param name="continuation">Prefix of every letter of a word but its first, and of every token that does not begin a word
    /// (<c>##</c>); may be empty.</param>
    public BytePairModel(IReadOnlyDictionary<string, int> vocabulary, IReadOnlyList<(string Left, string Right)> merges,
        string continuation = "")
        : this(vocabulary, [.. merges.Select((merge, rank) => (merge.Left, merge.Right, rank))], continuation) { }

    /// <param name="vocabulary">All tokens with their ids.</param>
    /// <param name="merges">Pairs of tokens with their ranks, lowest first; ranks may repeat.</param>
    /// <param name="continuation">As above.</param>
    public BytePairModel(IReadOnlyDictionary<string, int> vocabulary, IReadOnlyList<(string Left, string Right, int Rank)> merges,
        string continuation = "")
    {
        (_vocabulary, _continuation) = (vocabulary, continuation);
        foreach (var (token, id) in vocabulary)
        {
            if (Rune.TryGetRuneAt(token, 0, out var rune) && rune.Utf16SequenceLength == token.Length) _letters[rune] = id;
        }
        _merges = new PairMerges(merges.Count);
        foreach (var (left, right, rank) in merges)
        {
            var merged = Merged(left, right, continuation);
            _merges.Set(vocabulary[left], vocabulary[right], new PairMerge(rank, vocabulary[merged]));
            for (var at = merged.IndexOf(Blank, 1); at > 0; at = merged.IndexOf(Blank, at + 1)) _beforeBlank.Add(merged[..at]);
        }
        foreach (var before in _beforeBlank) _lettersBeforeBlank.Add(before[^1]);
        _blanksBegin = new(BlanksBegin);
    }

    /// <summary>The first token used or made by a merge that is missing from the vocabulary, or null.</summary>
    public static string? FirstMissing(IReadOnlyDictionary<string, int> vocabulary, IEnumerable<(string Left, string Right)> merges,
        string continuation = "") =>
        merges.SelectMany(merge => (string[])[merge.Left, merge.Right, Merged(merge.Left, merge.Right, continuation)])
            .FirstOrDefault(token => !vocabulary.ContainsKey(token));

    public IReadOnlyDictionary<string, int> Vocabulary => _vocabulary;

    /// <summary>Replaces letters missing from the vocabulary; if null, they are dropped.</summary>
    public string? UnknownToken { get; init; }

    /// <summary>Whether neighbouring unknown letters become one token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>Whether an unknown letter becomes tokens for its UTF-8 bytes (<c>&lt;0xE2&gt;</c>), if the vocabulary has all of
    /// them.</summary>
    public bool ByteFallback { get; init; }

    /// <summary>Suffix of the last letter of a word (<c>&lt;/w&gt;</c>); may be empty.</summary>
    public string EndOfWord { get; init; } = "";

    /// <summary>Whether a word that is a token is used whole, even if no merges lead to it.</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>Length up to the next blank (▁) that no merge can join to the text before it.</summary>
    /// <remarks>
    /// SentencePiece models receive a whole text as one word. If no merge makes a token in which a certain letter precedes a blank, nothing
    /// on one side of such a place affects the other: the ids are the same, and the parts are words that repeat.
    /// </remarks>
    public int IndependentLength(ReadOnlySpan<char> word)
    {
        if (!_blanksBegin.Value) return word.Length;
        for (var at = 1; at < word.Length; at++)
        {
            var next = word[at..].IndexOf(Blank);
            if (next < 0) return word.Length;
            at += next;
            if (!_lettersBeforeBlank.Contains(word[at - 1])) return at;
        }
        return word.Length;
    }

    /// <summary>Whether blanks can begin independent parts. If a merge joins a blank to the unknown token or to a byte, any letter may
    /// precede it.</summary>
    private bool BlanksBegin() => _continuation.Length == 0 && EndOfWord.Length == 0 && !IgnoreMerges
        && _letters.ContainsKey(new Rune(Blank))
        && !_beforeBlank.Exists(before => (UnknownToken is not null && before.EndsWith(UnknownToken, StringComparison.Ordinal))
            || (ByteFallback && ByteToken().IsMatch(before)));

    public void Append(string word, List<int> ids)
    {
        if (IgnoreMerges && _vocabulary.TryGetValue(word, out var whole)) ids.Add(whole);
        else AppendMerged(CollectionsMarshal.AsSpan(Letters(word)), ids);
    }

    /// <summary>The initial symbols, before merges.</summary>
    private List<int> Letters(string word)
    {
        var symbols = new List<int>(word.Length);
        var unknown = UnknownToken is null ? Gone : _vocabulary[UnknownToken];
        var waiting = false; // an unknown letter is appended once it is known that the next one is not fused with it
        var next = 0;
        foreach (var rune in word.EnumerateRunes())
        {
            var first = next == 0;
            next += rune.Utf16SequenceLength;
            if (TryRead(rune, first, last: next == word.Length, out var id))
            {
                SetDown();
                symbols.Add(id);
            }
            // before a pending unknown letter, as in the reference
            else if (ByteFallback && TryAppendBytes(Written(rune, first, last: next == word.Length), symbols)) continue;
            else if (UnknownToken is not null)
            {
                if (!FuseUnknown) SetDown();
                waiting = true;
            }
        }
        SetDown();
        return symbols;

        void SetDown()
        {
            if (waiting) symbols.Add(unknown);
            waiting = false;
        }
    }

    private bool TryRead(Rune rune, bool first, bool last, out int id) =>
        (first || _continuation.Length == 0) && (!last || EndOfWord.Length == 0) ? _letters.TryGetValue(rune, out id)
            : _vocabulary.TryGetValue(Written(rune, first, last), out id);

    /// <summary>A letter as spelt in the vocabulary at its place in a word.</summary>
    private string Written(Rune rune, bool first, bool last) => $"{(first ? "" : _continuation)}{rune}{(last ? EndOfWord : "")}";

    private bool TryAppendBytes(string letter, List<int> symbols)
    {
        var before = symbols.Count;
        foreach (var value in Encoding.UTF8.GetBytes(letter))
        {
            if (_vocabulary.TryGetValue($"<0x{value:X2}>", out var id))
            {
                symbols.Add(id);
                continue;
            }
            symbols.RemoveRange(before, symbols.Count - before);
            return false;
        }
        return true;
    }

    /// <summary>Applies the merges to a linked list of symbols; a merged symbol replaces its left one.</summary>
    private void AppendMerged(Span<int> symbols, List<int> ids)
    {
        if (symbols.Length > 1) Merge(symbols);
        foreach (var symbol in symbols)
        {
            if (symbol != Gone) ids.Add(symbol);
        }
    }

    private void Merge(Span<int> symbols)
    {
        var previous = new int[symbols.Length];
        var next = new int[symbols.Length];
        for (var i = 0; i < symbols.Length; i++) (previous[i], next[i]) = (i - 1, i + 1);

        var waiting = new PriorityQueue<int, long>(symbols.Length); // by rank, then by place
        for (var i = 0; i < symbols.Length; i++) Consider(i, symbols);
        while (waiting.TryDequeue(out var id, out var merge))
        {
            var left = (int)merge;
            var right = next[left];
            // One of the two may have become part of another symbol meanwhile. As in the reference, the resulting token decides, not the
            // rank.
            if (right >= symbols.Length || !_merges.TryGet(symbols[left], symbols[right], out var now) || now.Id != id) continue;
            symbols[left] = id;
            symbols[right] = Gone;
            next[left] = next[right];
            if (next[left] < symbols.Length) previous[next[left]] = left;
            if (previous[left] >= 0) Consider(previous[left], symbols);
            Consider(left, symbols);
        }

        void Consider(int left, Span<int> chain)
        {
            if (next[left] < chain.Length && _merges.TryGet(chain[left], chain[next[left]], out var merge))
                waiting.Enqueue(merge.Id, (long)merge.Rank << 32 | (uint)left);
        }
    }

    private static string Merged(string left, string right, string continuation) => left
        + (right.StartsWith(continuation, StringComparison.Ordinal) ? right[continuation.Length..] : right);

    [GeneratedRegex("<0x[0-9A-F]{2}>$", RegexOptions.CultureInvariant)]
    private static partial Regex ByteToken();
}
