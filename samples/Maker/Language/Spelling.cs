namespace LoraDrop.Maker;

/// <summary>How regular English words are spelt when inflected; irregular ones are written out in the <see cref="Lexicon"/>.</summary>
internal static class Spelling
{
    /// <summary>A plural noun, or a verb in the third person: dogs, boxes, carries.</summary>
    public static string WithS(string word) =>
        EndsInConsonantY(word) ? word[..^1] + "ies"
        : word.EndsWith('s') || word.EndsWith('x') || word.EndsWith("ch") || word.EndsWith("sh") ? word + "es"
        : word + "s";

    public static string WithEd(string word) =>
        EndsInConsonantY(word) ? word[..^1] + "ied" : word.EndsWith('e') ? word + "d" : word + "ed";

    public static string WithIng(string word) =>
        word.EndsWith('e') && !word.EndsWith("ee") ? word[..^1] + "ing" : word + "ing";

    /// <summary>The word behind "a" or "an", as its first letter asks.</summary>
    public static string WithArticle(string word) => ("aeiou".Contains(word[0]) ? "an " : "a ") + word;

    private static bool EndsInConsonantY(string word) => word.EndsWith('y') && !"aeiou".Contains(word[^2]);
}
