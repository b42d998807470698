using System.Text;

namespace LoraDrop.Domain;

/// <summary>White space and lower case as in Python, in which the published metrics are written.</summary>
internal static class Words
{
    /// <summary>The words between white space; none in an empty text.</summary>
    public static List<string> Split(string text)
    {
        var words = new List<string>();
        for (var end = 0; end < text.Length;)
        {
            var start = end;
            while (start < text.Length && IsSpace(text[start])) start++;
            for (end = start; end < text.Length && !IsSpace(text[end]);) end++;
            if (end > start) words.Add(text[start..end]);
        }
        return words;
    }

    public static string TrimEnd(string text)
    {
        var end = text.Length;
        while (end > 0 && IsSpace(text[end - 1])) end--;
        return text[..end];
    }

    /// <summary>Unicode lower case, including two letters that .NET handles differently: İ becomes two characters, and Σ becomes ς at the
    /// end of a word.</summary>
    public static string Lower(string text)
    {
        if (text.AsSpan().IndexOfAny('İ', 'Σ') < 0) return text.ToLowerInvariant();
        var lower = new StringBuilder(text.Length + 1);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == 'İ') lower.Append("i\u0307");
            else if (text[i] == 'Σ') lower.Append(EndsWord(text, i) ? 'ς' : 'σ');
            else lower.Append(text[i]);
        }
        return lower.ToString().ToLowerInvariant();
    }

    // Python's split and regular expressions count the four separators of ASCII as white space, too; .NET does not.
    internal static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001c' and <= '\u001f';

    private static bool EndsWord(string text, int at) =>
        at > 0 && char.IsLetter(text[at - 1]) && !(at + 1 < text.Length && char.IsLetter(text[at + 1]));
}
