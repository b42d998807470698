using System.Globalization;
using System.Text;

namespace LoraDrop.Engine;

/// <summary>Which code points make words (<c>\w</c>) for Rust's and Oniguruma's patterns (Unicode TS 18, annex C).</summary>
/// <remarks>.NET's own <c>\w</c> lacks spacing and enclosing marks, letter-like numbers (Ⅳ) and circled letters (Ⓐ).</remarks>
internal static class WordCharacters
{
    /// <summary>The same as the content of a character class of .NET's regular expressions.</summary>
    public const string Class = @"\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\u200C\u200D\u24B6-\u24E9";

    public static bool Has(Rune rune) => Rune.GetUnicodeCategory(rune)
        is <= UnicodeCategory.OtherLetter
        or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
        or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation
        || rune.Value is 0x200C or 0x200D or >= 0x24B6 and <= 0x24E9
        or >= 0x1F130 and <= 0x1F149 or >= 0x1F150 and <= 0x1F169 or >= 0x1F170 and <= 0x1F189;
}
