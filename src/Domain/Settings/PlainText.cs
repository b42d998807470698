using System.Text;

namespace LoraDrop.Domain;

/// <summary>Validates texts: rejects characters that databases, files or terminals cannot handle.</summary>
/// <remarks>PostgreSQL stores no U+0000, half of a surrogate pair has no UTF-8, and the other control characters move a terminal's
/// cursor.</remarks>
public static class PlainText
{
    /// <summary>The fault's message: the first control character (including line breaks and tabs) or half of a surrogate pair; null if
    /// there is none.</summary>
    /// <param name="text">What was given.</param>
    /// <param name="lines">Whether line breaks and tabs are allowed.</param>
    public static string? Fault(string text, bool lines = false)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsControl(text[i]) && !(lines && text[i] is ('\n' or '\t')))
                return $"must not contain the control character U+{(int)text[i]:X4}, character {i + 1}";
            if (char.IsSurrogatePair(text, i)) i++;
            else if (char.IsSurrogate(text[i])) return $"must not contain half of a surrogate pair, U+{(int)text[i]:X4}, character {i + 1}";
        }
        return null;
    }

    /// <summary>The start of a text, for messages.</summary>
    public static string Clipped(string text) => text.Length > 40 ? $"{text[..40]}…" : text;

    /// <summary>The text on one line, with a middle dot for each invalid character.</summary>
    public static string Shown(string text)
    {
        var shown = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            shown.Append(Rune.IsControl(rune) || rune == Rune.ReplacementChar ? "·" : rune.ToString());
        return shown.ToString();
    }
}
