using System.Buffers;
using System.Text;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>A token that is matched literally in the text and never split, such as <c>&lt;mask&gt;</c>.</summary>
/// <param name="Content">The token as written in a text; not empty.</param>
/// <param name="Id">Its id, 0 or more.</param>
/// <param name="Special">Whether decoding may leave it out.</param>
/// <param name="Normalized">Whether it is matched in normalised form, against normalised text.</param>
/// <param name="LeftStrip">Whether it absorbs the white space to its left.</param>
/// <param name="RightStrip">Whether it absorbs the white space to its right.</param>
/// <param name="SingleWord">Whether it matches only if no letter or digit is adjacent.</param>
internal sealed record AddedToken(
    string Content, int Id, bool Special = true, bool Normalized = false,
    bool LeftStrip = false, bool RightStrip = false, bool SingleWord = false)
{
    /// <summary>The file's field for the id; absent if it states none.</summary>
    public JsonField Stated { get; init; }

    public static AddedToken From(JsonField field) => new(
        field["content"].Text, field["id"].Number, field["special"].Flag(false), field["normalized"].Flag(true),
        field["lstrip"].Flag(false), field["rstrip"].Flag(false), field["single_word"].Flag(false)) { Stated = field["id"] };
}

/// <summary>Either an added token, or text between added tokens.</summary>
/// <param name="Text">The text; for an added token, including the white space it absorbs.</param>
/// <param name="Token">The token, or null for text.</param>
/// <param name="Begins">Whether it begins the text that was split.</param>
internal readonly record struct TextPiece(string Text, AddedToken? Token, bool Begins);

/// <summary>Finds added tokens in texts: leftmost first, then the longest.</summary>
internal sealed class AddedTokens
{
    private readonly Normalizer _normalize;
    private readonly Finder _beforeNormalizing, _afterNormalizing;

    public AddedTokens(IEnumerable<AddedToken> tokens, Normalizer normalize)
    {
        All = [.. tokens.Where(token => token.Content.Length > 0)];
        _normalize = normalize;
        _beforeNormalizing = new Finder(All.Where(token => !token.Normalized), token => token.Content);
        _afterNormalizing = new Finder(All.Where(token => token.Normalized), token => normalize(token.Content));
    }

    public IReadOnlyList<AddedToken> All { get; }

    /// <summary>The pieces of a text in order; text pieces are normalised and not empty.</summary>
    public IEnumerable<TextPiece> Split(string text)
    {
        foreach (var piece in _beforeNormalizing.Split(text, begins: true))
        {
            if (piece.Token is not null)
            {
                yield return piece;
                continue;
            }
            var begins = piece.Begins && !DropsFirstLetter(piece.Text);
            foreach (var part in _afterNormalizing.Split(_normalize(piece.Text), begins)) yield return part;
        }
    }

    /// <summary>Whether normalising drops the first letter, so that the rest does not begin the text.</summary>
    private bool DropsFirstLetter(string text) =>
        !char.IsAsciiLetterOrDigit(text[0]) && Rune.TryGetRuneAt(text, 0, out var first) && _normalize(first.ToString()).Length == 0;

    private sealed class Finder
    {
        private readonly List<AddedToken> _tokens = [];
        private readonly TokenTrie _written = new();
        private readonly SearchValues<char>? _beginnings;

        public Finder(IEnumerable<AddedToken> tokens, Func<AddedToken, string> written)
        {
            HashSet<string> known = [];
            foreach (var token in tokens) // the first of two that normalise alike wins; the reference picks one at random
            {
                if (written(token) is not { Length: > 0 } text || !known.Add(text)) continue;
                _written.Add(text, _tokens.Count);
                _tokens.Add(token);
            }
            if (known.Count > 0) _beginnings = SearchValues.Create([.. known.Select(text => text[0]).Distinct()]);
        }

        public IEnumerable<TextPiece> Split(string text, bool begins)
        {
            var done = 0;
            for (var at = 0; Next(text, at) is { } found; at = found.End)
            {
                var (token, start, end) = found;
                if (token.SingleWord && !IsWordAlone(text, start, end)) continue;
                if (token.LeftStrip)
                {
                    while (start > done && char.IsWhiteSpace(text[start - 1])) start--;
                    start = Math.Max(start, done); // the previous token may have absorbed white space that this one begins with
                }
                if (token.RightStrip) while (end < text.Length && char.IsWhiteSpace(text[end])) end++;
                if (start > done) yield return new TextPiece(text[done..start], null, begins && done == 0);
                if (end > start) yield return new TextPiece(text[start..end], token, begins && start == 0);
                done = end;
            }
            if (done < text.Length) yield return new TextPiece(done == 0 ? text : text[done..], null, begins && done == 0);
        }

        private (AddedToken Token, int Start, int End)? Next(string text, int from)
        {
            if (_beginnings is null) return null;
            for (var start = from; start < text.Length; start++)
            {
                var skipped = text.AsSpan(start).IndexOfAny(_beginnings);
                if (skipped < 0) return null;
                start += skipped;
                if (Longest(text, start) is { } found) return (_tokens[found.Token], start, found.End);
            }
            return null;
        }

        private (int Token, int End)? Longest(string text, int start)
        {
            (int, int)? longest = null;
            var node = TokenTrie.Root;
            for (var end = start; end < text.Length;)
            {
                node = _written.Child(node, text[end++]);
                if (node < 0) break;
                if (_written.Value(node) is >= 0 and var token) longest = (token, end);
            }
            return longest;
        }

        private static bool IsWordAlone(string text, int start, int end) =>
            !(Rune.DecodeLastFromUtf16(text.AsSpan(0, start), out var before, out _) == OperationStatus.Done && WordCharacters.Has(before))
            && !(Rune.DecodeFromUtf16(text.AsSpan(end), out var after, out _) == OperationStatus.Done && WordCharacters.Has(after));
    }
}
