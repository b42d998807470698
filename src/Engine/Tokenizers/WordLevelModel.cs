using LoraDrop.Domain;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>Each word is a token, or unknown.</summary>
/// <param name="vocabulary">All tokens with their ids.</param>
/// <param name="unknownToken">Replaces words missing from the vocabulary; if it is missing too, such texts are refused.</param>
/// <param name="source">File and field, for error messages.</param>
internal sealed class WordLevelModel(IReadOnlyDictionary<string, int> vocabulary, string unknownToken, string source) : IWordModel
{
    public IReadOnlyDictionary<string, int> Vocabulary => vocabulary;

    public string? UnknownToken => vocabulary.ContainsKey(unknownToken) ? unknownToken : null;

    public void Append(string word, List<int> ids)
    {
        if (!vocabulary.TryGetValue(word, out var id) && !vocabulary.TryGetValue(unknownToken, out id))
            throw new RefusedInputException(
                source,
                $"'{unknownToken}' is not in the vocabulary, and a text has the word '{PlainText.Shown(word)}', which is not either.");
        ids.Add(id);
    }
}
