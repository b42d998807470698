namespace LoraDrop.Engine.Tokenizers;

/// <summary>WordPiece (Devlin et al. 2019): repeatedly takes the longest token that matches the rest of the word.</summary>
/// <remarks>A word that cannot be split completely, or has more than <c>maximumLength</c> code points, is unknown as a whole.</remarks>
internal sealed class WordPieceModel : IWordModel
{
    private readonly int _unknown, _maximumLength;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _first, _continuing;

    /// <param name="vocabulary">All tokens with their ids.</param>
    /// <param name="unknownToken">Replaces words that cannot be split; must be in the vocabulary.</param>
    /// <param name="continuation">Marks a token that continues a word (<c>##</c>); may be empty.</param>
    /// <param name="maximumLength">The most code points in a word.</param>
    public WordPieceModel(IReadOnlyDictionary<string, int> vocabulary, string unknownToken, string continuation, int maximumLength)
    {
        (Vocabulary, UnknownToken, _maximumLength, _unknown) = (vocabulary, unknownToken, maximumLength, vocabulary[unknownToken]);
        _first = ByText(vocabulary);
        _continuing = ByText(vocabulary.Where(token => token.Key.StartsWith(continuation, StringComparison.Ordinal))
            .Select(token => KeyValuePair.Create(token.Key[continuation.Length..], token.Value)));
    }

    public IReadOnlyDictionary<string, int> Vocabulary { get; }

    public string UnknownToken { get; }

    public void Append(string word, List<int> ids)
    {
        var before = ids.Count;
        if ((word.Length > _maximumLength && word.EnumerateRunes().Skip(_maximumLength).Any()) || !TryCut(word, ids))
        {
            ids.RemoveRange(before, ids.Count - before);
            ids.Add(_unknown);
        }
    }

    private bool TryCut(ReadOnlySpan<char> rest, List<int> ids)
    {
        for (var tokens = _first; rest.Length > 0; tokens = _continuing)
        {
            var length = rest.Length;
            int id;
            while (!tokens.TryGetValue(rest[..length], out id))
            {
                length -= char.IsLowSurrogate(rest[length - 1]) ? 2 : 1;
                if (length <= 0) return false;
            }
            ids.Add(id);
            rest = rest[length..];
        }
        return true;
    }

    private static Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> ByText(IEnumerable<KeyValuePair<string, int>> tokens) =>
        new Dictionary<string, int>(tokens, StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
}
