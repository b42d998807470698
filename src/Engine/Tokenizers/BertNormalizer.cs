using System.Buffers;
using System.Globalization;
using System.Text;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>BERT's cleaning of a text: control characters out, every white space a blank, Chinese characters apart, accents and
/// case.</summary>
/// <param name="CleanText">Whether control characters go and white space becomes blanks.</param>
/// <param name="HandleChineseChars">Whether each CJK ideograph gets a blank on both sides.</param>
/// <param name="StripAccents">Whether accents go.</param>
/// <param name="Lowercase">Whether letters become small.</param>
internal sealed record BertNormalizer(bool CleanText, bool HandleChineseChars, bool StripAccents, bool Lowercase)
{
    /// <summary>What cleaning changes of a text that is all ASCII.</summary>
    private static readonly SearchValues<char> Controls = SearchValues.Create([.. Enumerable.Range(0, 0x20).Append(0x7F)
        .Select(code => (char)code)]);

    /// <summary>Reads the settings; accents are stripped where nothing is said and letters become small.</summary>
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

    /// <summary>The reference's ranges: of CJK Extension E it leaves out U+2B820 to U+2B91F, which BERT's own code has.</summary>
    private static bool IsIdeograph(int code) => code
        is >= 0x4E00 and <= 0x9FFF or >= 0x3400 and <= 0x4DBF or >= 0x20000 and <= 0x2A6DF or >= 0x2A700 and <= 0x2B73F
        or >= 0x2B740 and <= 0x2B81F or >= 0x2B920 and <= 0x2CEAF or >= 0xF900 and <= 0xFAFF or >= 0x2F800 and <= 0x2FA1F;
}
