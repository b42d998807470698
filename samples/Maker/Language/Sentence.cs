namespace LoraDrop.Maker;

/// <summary>Turns words into a written sentence.</summary>
public static class Sentence
{
    /// <summary>The words with one space between them, a capital at the start and a mark at the end.</summary>
    /// <remarks>Parts of a template may be empty; the spaces they leave behind are closed.</remarks>
    public static string Of(string words, char mark = '.')
    {
        var text = string.Join(' ', words.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return char.ToUpperInvariant(text[0]) + text[1..] + mark;
    }
}
