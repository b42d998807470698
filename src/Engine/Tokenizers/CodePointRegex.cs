using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>A regular expression over code points, as tokenizers require.</summary>
/// <remarks>
/// .NET matches UTF-16 units, where the two halves of 𝔘 or 😀 are surrogates and neither letter nor symbol. A text with such characters is
/// therefore matched through a copy in which each is replaced by one unit of the same category.
/// </remarks>
internal sealed class CodePointRegex(Regex pattern)
{
    /// <summary>The matches and the text between them, in order; nothing is lost, and no part is empty.</summary>
    public List<string> Split(string text)
    {
        var (units, starts) = text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0 ? (text, null) : OneUnitEach(text);
        var pieces = new List<string>(units.Length / 4 + 1);
        var done = 0;
        foreach (var match in pattern.EnumerateMatches(units))
        {
            TakeUpTo(match.Index);
            TakeUpTo(match.Index + match.Length);
        }
        TakeUpTo(units.Length);
        return pieces;

        void TakeUpTo(int end)
        {
            if (end > done) pieces.Add(starts is null ? text[done..end] : text[starts[done]..starts[end]]);
            done = end;
        }
    }

    /// <summary>The positions of matches, in order; an empty match at the end of another is skipped.</summary>
    public List<(int Start, int End)> Matches(string text)
    {
        var (units, starts) = text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0 ? (text, null) : OneUnitEach(text);
        var places = new List<(int Start, int End)>();
        foreach (var match in pattern.EnumerateMatches(units))
        {
            var (start, end) = (match.Index, match.Index + match.Length);
            if (starts is not null) (start, end) = (starts[start], starts[end]);
            if (end > start || places.Count == 0 || places[^1].End < end) places.Add((start, end));
        }
        return places;
    }

    /// <summary>The text with one unit per code point, and the position of each in the text, followed by the end.</summary>
    private static (string Units, int[] Starts) OneUnitEach(string text)
    {
        var units = new StringBuilder(text.Length);
        var starts = new List<int>(text.Length + 1);
        var next = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            starts.Add(next);
            units.Append(rune.IsBmp ? (char)rune.Value : StandIn(rune));
            next += rune.Utf16SequenceLength;
        }
        starts.Add(next);
        return (units.ToString(), [.. starts]);
    }

    private static char StandIn(Rune rune) => WordCharacters.IsLetterInASign(rune) ? 'Ⓐ' : Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.UppercaseLetter => 'Ā',
        UnicodeCategory.LowercaseLetter => 'ā',
        UnicodeCategory.TitlecaseLetter => 'ǅ',
        UnicodeCategory.ModifierLetter => 'ʰ',
        UnicodeCategory.OtherLetter => 'ƻ',
        UnicodeCategory.NonSpacingMark => '\u0300',
        UnicodeCategory.SpacingCombiningMark => '\u0903',
        UnicodeCategory.EnclosingMark => '\u0488',
        UnicodeCategory.DecimalDigitNumber => '٠',
        UnicodeCategory.LetterNumber => 'Ⅰ',
        UnicodeCategory.OtherNumber => '①',
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
            or UnicodeCategory.OtherNotAssigned => '\uE000',
        UnicodeCategory.MathSymbol or UnicodeCategory.CurrencySymbol or UnicodeCategory.ModifierSymbol or UnicodeCategory.OtherSymbol =>
            '☺',
        _ => '‽', // punctuation; there are no separators beyond the Basic Multilingual Plane
    };
}
