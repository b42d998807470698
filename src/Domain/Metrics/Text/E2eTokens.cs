namespace LoraDrop.Domain;

/// <summary>Tokens as the scripts of the E2E challenge (tuetschek/e2e-metrics, pymteval.py) have them; those of WebNLG and DART score
/// alike.</summary>
internal static class E2eTokens
{
    /// <summary>The 13a tokens; an empty text is one empty token there, so it is one here.</summary>
    public static List<string> Of(string text, bool lowercase)
    {
        var tokens = Tokens.Mteval13a(text);
        if (lowercase) tokens = tokens.ConvertAll(Words.Lower);
        if (tokens.Count == 0) tokens.Add("");
        return tokens;
    }
}
