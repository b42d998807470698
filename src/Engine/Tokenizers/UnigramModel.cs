using System.Text;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>SentencePiece's unigram model (Kudo 2018, arXiv 1804.10959): finds the segmentation of a word with the highest score.</summary>
/// <remarks>
/// <para>Ties are broken as in Hugging Face <c>tokenizers</c>: of pieces that end at the same place, the longest wins.</para>
/// <para>Neighbouring unknown characters become one unknown token, or the tokens of their bytes.</para>
/// </remarks>
internal sealed class UnigramModel : IWordModel
{
    /// <summary>How much an unknown character scores below the worst piece.</summary>
    private const double UnknownPenalty = 10;

    private const int LongestOnStack = 256;

    private readonly string _source;
    private readonly Dictionary<string, int> _vocabulary;
    private readonly double[] _scores;
    private readonly TokenTrie _trie = new();
    private readonly int? _unknown;
    private readonly double _unknownScore;
    private readonly int[]? _bytes;

    /// <param name="pieces">Pieces with their scores, by id. The last of equal pieces is used.</param>
    /// <param name="unknown">The id of the unknown piece; if null, texts with unknown characters are refused.</param>
    /// <param name="byteFallback">Whether unknown characters become the pieces of their UTF-8 bytes (<c>&lt;0xE2&gt;</c>), if all
    /// exist.</param>
    /// <param name="source">File and field, for error messages.</param>
    public UnigramModel(IReadOnlyList<(string Piece, double Score)> pieces, int? unknown, bool byteFallback, string source)
    {
        _source = source;
        _unknown = unknown;
        _scores = [.. pieces.Select(piece => piece.Score)];
        _unknownScore = _scores.Min() - UnknownPenalty;
        _vocabulary = new Dictionary<string, int>(pieces.Count);
        foreach (var (id, (piece, _)) in pieces.Index())
        {
            _vocabulary[piece] = id;
            if (piece.Length > 0) _trie.Add(piece, id);
        }
        var bytes = Enumerable.Range(0, 256).Select(value => _vocabulary.GetValueOrDefault($"<0x{value:X2}>", TokenTrie.None));
        if (byteFallback) _bytes = [.. bytes];
        UnknownToken = unknown is { } id0 ? pieces[id0].Piece : null;
    }

    public IReadOnlyDictionary<string, int> Vocabulary => _vocabulary;

    public string? UnknownToken { get; }

    public void Append(string word, List<int> ids)
    {
        if (word.Length == 0) return;
        var length = word.Length;
        var onStack = length < LongestOnStack;
        var best = onStack ? stackalloc double[LongestOnStack] : new double[length + 1];
        var starts = onStack ? stackalloc int[LongestOnStack] : new int[length + 1];
        var pieces = onStack ? stackalloc int[LongestOnStack] : new int[length + 1];
        starts[..(length + 1)].Fill(TokenTrie.None);
        best[0] = 0;
        FindBest(word, best, starts, pieces);
        AppendPath(word, starts, pieces, ids);
    }

    /// <summary>For each position, finds the best score up to it, and the start and id of its last piece.</summary>
    private void FindBest(string word, Span<double> best, Span<int> starts, Span<int> pieces)
    {
        for (var start = 0; start < word.Length;)
        {
            var letter = char.IsHighSurrogate(word[start]) && start + 1 < word.Length && char.IsLowSurrogate(word[start + 1]) ? 2 : 1;
            var letterIsPiece = false;
            var node = TokenTrie.Root;
            for (var end = start; end < word.Length;)
            {
                node = _trie.Child(node, word[end++]);
                if (node < 0) break;
                var piece = _trie.Value(node);
                if (piece < 0) continue;
                letterIsPiece |= end - start == letter;
                Consider(best[start] + _scores[piece], end, piece, best, starts, pieces);
            }
            if (!letterIsPiece)
            {
                var unknown = _unknown ?? throw Unknown(word.Substring(start, letter));
                Consider(best[start] + _unknownScore, start + letter, unknown, best, starts, pieces);
            }
            start += letter;

            void Consider(double score, int end, int piece, Span<double> best, Span<int> starts, Span<int> pieces)
            {
                if (starts[end] >= 0 && score <= best[end]) return;
                (best[end], starts[end], pieces[end]) = (score, start, piece);
            }
        }
    }

    private void AppendPath(string word, ReadOnlySpan<int> starts, ReadOnlySpan<int> pieces, List<int> ids)
    {
        var first = ids.Count;
        for (var end = word.Length; end > 0;)
        {
            var start = starts[end];
            if (pieces[end] != _unknown)
            {
                ids.Add(pieces[end]);
                end = start;
                continue;
            }
            while (start > 0 && pieces[start] == _unknown) start = starts[start];
            AppendUnknown(word.AsSpan(start, end - start), ids);
            end = start;
        }
        ids.Reverse(first, ids.Count - first);
    }

    /// <summary>Appends the tokens for a run of unknown characters, last first.</summary>
    private void AppendUnknown(ReadOnlySpan<char> run, List<int> ids)
    {
        if (_vocabulary.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(run, out var known)) ids.Add(known);
        else if (_bytes is null || !TryAppendBytes(run, ids)) ids.Add(_unknown!.Value);
    }

    private bool TryAppendBytes(ReadOnlySpan<char> run, List<int> ids)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(run)];
        Encoding.UTF8.GetBytes(run, bytes);
        if (Array.Exists(bytes, value => _bytes![value] < 0)) return false;
        for (var i = bytes.Length - 1; i >= 0; i--) ids.Add(_bytes![bytes[i]]);
        return true;
    }

    private RefusedInputException Unknown(string character) => new(
        _source,
        $"names no unknown token, and a text has '{PlainText.Shown(character)}' (U+{Rune.GetRuneAt(character, 0).Value:X4}), "
        + "which no piece covers.");
}
