using System.Globalization;
using System.Text;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>Word characters (<c>\w</c>) in Rust's and Oniguruma's patterns (Unicode TS 18, annex C).</summary>
/// <remarks>.NET's own <c>\w</c> lacks spacing and enclosing marks, letter-like numbers (Ⅳ) and circled letters (Ⓐ).</remarks>
internal static class WordCharacters
{
    /// <summary>Oniguruma's inside a set, in .NET's syntax: without joiners.</summary>
    public const string InSet = @"\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\u24B6-\u24E9";

    /// <summary>Oniguruma's outside sets, where the numbers of Latin-1 (² ½) also count.</summary>
    public const string Alone = $@"{InSet}\u00B2\u00B3\u00B9\u00BC-\u00BE";

    /// <summary>Rust's.</summary>
    public static bool Has(Rune rune) => IsLetterInASign(rune) || rune.Value is 0x200C or 0x200D or >= 0x24B6 and <= 0x24E9
        || Rune.GetUnicodeCategory(rune) is <= UnicodeCategory.OtherLetter
        or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
        or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation;

    /// <summary>Letters in squares and circles beyond U+FFFF (🄰), which count as letters.</summary>
    public static bool IsLetterInASign(Rune rune) => rune.Value
        is >= 0x1F130 and <= 0x1F149 or >= 0x1F150 and <= 0x1F169 or >= 0x1F170 and <= 0x1F189;
}
