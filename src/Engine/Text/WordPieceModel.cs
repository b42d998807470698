namespace LoraDrop.Engine;

/// <summary>WordPiece (Devlin et al. 2019): the longest token the word starts with, then the longest that continues it, and so on.</summary>
/// <remarks>A word that cannot be cut up completely, or has more than <c>maximumLength</c> code points, is unknown as a whole.</remarks>
internal sealed class WordPieceModel(IReadOnlyDictionary<string, int> vocabulary, string unknownToken, string continuation, int maximumLength) : IWordModel
{
    private readonly int _unknown = vocabulary[unknownToken];

    public IReadOnlyDictionary<string, int> Vocabulary => vocabulary;

    public string UnknownToken => unknownToken;

    public void Append(string word, List<int> ids)
    {
        var before = ids.Count;
        if (word.EnumerateRunes().Skip(maximumLength).Any() || !TryCut(word, ids))
        {
            ids.RemoveRange(before, ids.Count - before);
            ids.Add(_unknown);
        }
    }

    private bool TryCut(string word, List<int> ids)
    {
        for (var start = 0; start < word.Length;)
        {
            var end = word.Length;
            int id;
            while (!vocabulary.TryGetValue(Piece(word, start, end), out id))
            {
                end -= char.IsLowSurrogate(word[end - 1]) ? 2 : 1;
                if (end <= start) return false;
            }
            ids.Add(id);
            start = end;
        }
        return true;
    }

    private string Piece(string word, int start, int end) => start == 0 ? word[..end] : continuation + word[start..end];
}
