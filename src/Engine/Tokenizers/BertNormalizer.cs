using System.Buffers;
using System.Globalization;
using System.Text;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>BERT's text cleaning: removes control characters, turns white space into blanks, isolates Chinese characters, and handles
/// accents and case.</summary>
/// <param name="CleanText">Whether to remove control characters and turn white space into blanks.</param>
/// <param name="HandleChineseChars">Whether to put blanks around each CJK ideograph.</param>
/// <param name="StripAccents">Whether to remove accents.</param>
/// <param name="Lowercase">Whether to lower-case letters.</param>
internal sealed record BertNormalizer(bool CleanText, bool HandleChineseChars, bool StripAccents, bool Lowercase)
{
    /// <summary>ASCII characters that cleaning changes.</summary>
    private static readonly SearchValues<char> Controls = SearchValues.Create([.. Enumerable.Range(0, 0x20).Append(0x7F)
        .Select(code => (char)code)]);

    /// <summary>Reads the settings; by default accents are stripped if letters are lower-cased.</summary>
    public static BertNormalizer From(JsonField field)
    {
        var lowercase = field["lowercase"].Flag(true);
        return new BertNormalizer(field["clean_text"].Flag(true), field["handle_chinese_chars"].Flag(true),
            field["strip_accents"].Flag(lowercase), lowercase);
    }

    public string Normalize(string text)
    {
        if (Ascii.IsValid(text))
        {
            if (CleanText && text.AsSpan().ContainsAny(Controls)) text = Clean(text);
            return Lowercase ? text.ToLowerInvariant() : text;
        }
        if (CleanText) text = Clean(text);
        if (HandleChineseChars) text = SetIdeographsApart(text);
        if (StripAccents) text = Normalizers.Keep(UnicodeDecomposition.Decompose(text), rune => !OlderUnicode.IsNonSpacingMark(rune));
        return Lowercase ? Normalizers.Lowercase(text) : text;
    }

    private static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsBlank(rune)) clean.Append(' ');
            else if (!IsDropped(rune)) clean.Append(rune);
        }
        return clean.ToString();
    }

    private static bool IsBlank(Rune rune) => rune.Value is '\t' or '\n' or '\r' || Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    private static bool IsDropped(Rune rune) => rune == Rune.ReplacementChar || OlderUnicode.IsControl(rune);

    private static string SetIdeographsApart(string text)
    {
        if (Ascii.IsValid(text)) return text;
        var apart = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsIdeograph(rune.Value)) apart.Append(' ').Append(rune).Append(' ');
            else apart.Append(rune);
        }
        return apart.ToString();
    }

    /// <summary>The reference's ranges: from CJK Extension E it omits U+2B820 to U+2B91F, which BERT's own code includes.</summary>
    private static bool IsIdeograph(int code) => code
        is >= 0x4E00 and <= 0x9FFF or >= 0x3400 and <= 0x4DBF or >= 0x20000 and <= 0x2A6DF or >= 0x2A700 and <= 0x2B73F
        or >= 0x2B740 and <= 0x2B81F or >= 0x2B920 and <= 0x2CEAF or >= 0xF900 and <= 0xFAFF or >= 0x2F800 and <= 0x2FA1F;
}
