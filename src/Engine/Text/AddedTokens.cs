using System.Text.RegularExpressions;

namespace LoraDrop.Engine;

/// <summary>A token that is found in the text as it stands and never cut, such as <c>&lt;mask&gt;</c>.</summary>
/// <param name="Content">The token as written in a text; not empty.</param>
/// <param name="Id">Its id, 0 or more.</param>
/// <param name="Special">Whether decoding may leave it out.</param>
/// <param name="Normalized">Whether it is looked for after the text was normalised, and in normalised form.</param>
/// <param name="LeftStrip">Whether it takes the white space to its left.</param>
/// <param name="RightStrip">Whether it takes the white space to its right.</param>
internal sealed record AddedToken(string Content, int Id, bool Special = true, bool Normalized = false, bool LeftStrip = false, bool RightStrip = false)
{
    public static AddedToken From(JsonField field)
    {
        if (field["single_word"].Flag(false)) throw field["single_word"].Refused("tokens that match whole words only are not supported.");
        return new AddedToken(
            field["content"].Text, field["id"].Number, field["special"].Flag(false), field["normalized"].Flag(true),
            field["lstrip"].Flag(false), field["rstrip"].Flag(false));
    }
}

/// <summary>Either an added token, or text between added tokens.</summary>
internal readonly record struct TextPiece(string Text, AddedToken? Token);

/// <summary>Finds added tokens in texts: leftmost first, and the longest of those that start at one place.</summary>
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
    public IEnumerable<TextPiece> Split(string text) =>
        _beforeNormalizing.Split(text).SelectMany(piece => piece.Token is null ? _afterNormalizing.Split(_normalize(piece.Text)) : [piece]);

    private sealed class Finder
    {
        private readonly Dictionary<string, AddedToken> _tokens = [];
        private readonly Regex? _pattern;

        public Finder(IEnumerable<AddedToken> tokens, Func<AddedToken, string> written)
        {
            foreach (var token in tokens) _tokens[written(token)] = token;
            if (_tokens.Count == 0) return;
            var longestFirst = _tokens.Keys.OrderByDescending(content => content.Length).Select(Regex.Escape);
            _pattern = new Regex(string.Join('|', longestFirst), RegexOptions.CultureInvariant);
        }

        public IEnumerable<TextPiece> Split(string text)
        {
            var done = 0;
            for (var match = _pattern?.Match(text); match is { Success: true }; match = match.NextMatch())
            {
                var token = _tokens[match.Value];
                var (start, end) = (match.Index, match.Index + match.Length);
                if (token.LeftStrip) while (start > done && char.IsWhiteSpace(text[start - 1])) start--;
                if (token.RightStrip) while (end < text.Length && char.IsWhiteSpace(text[end])) end++;
                if (start > done) yield return new TextPiece(text[done..start], null);
                yield return new TextPiece(text[start..end], token);
                done = end;
            }
            if (done < text.Length) yield return new TextPiece(text[done..], null);
        }
    }
}
