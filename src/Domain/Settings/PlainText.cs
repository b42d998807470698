using System.Text;

namespace LoraDrop.Domain;

/// <summary>What a text that people give must be free of: what no database, file or terminal takes as it is.</summary>
/// <remarks>PostgreSQL stores no U+0000, half of a surrogate pair has no UTF-8, and the other control characters move a terminal's cursor.</remarks>
public static class PlainText
{
    /// <summary>What is wrong, as a fault says it: the first control character (a line break and a tab are some), or half of a surrogate pair; null where there is none.</summary>
    /// <param name="text">What was given.</param>
    /// <param name="lines">Whether it is a text of several lines, in which line breaks and tabs are none.</param>
    public static string? Fault(string text, bool lines = false)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsControl(text[i]) && !(lines && text[i] is ('\n' or '\t'))) return $"must not hold the control character U+{(int)text[i]:X4}, character {i + 1}";
            if (char.IsSurrogatePair(text, i)) i++;
            else if (char.IsSurrogate(text[i])) return $"must not hold half of a surrogate pair, U+{(int)text[i]:X4}, character {i + 1}";
        }
        return null;
    }

    /// <summary>The beginning of what somebody wrote, enough to find it by.</summary>
    public static string Clipped(string text) => text.Length > 40 ? $"{text[..40]}…" : text;

    /// <summary>The text on one line, a middle dot in the place of each character that <see cref="Fault"/> names.</summary>
    public static string Shown(string text)
    {
        var shown = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes()) shown.Append(Rune.IsControl(rune) || rune == Rune.ReplacementChar ? "·" : rune.ToString());
        return shown.ToString();
    }
}
