using System.Globalization;

namespace LoraDrop.Domain;

/// <summary>One spelling for each number, so that <c>1</c>, <c>1.0</c>, <c>+1</c>, <c>01</c> and <c>1e0</c> are recognised as
/// equal.</summary>
/// <remarks>Digits are moved, never computed with: numbers that a double cannot tell apart stay different.</remarks>
public static class NumberText
{
    /// <summary>The number of digits beyond which an exponent is written.</summary>
    private const int MostPlaces = 21;

    private const NumberStyles Styles = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    /// <summary>A finite number, or null.</summary>
    public static double? ValueOf(ReadOnlySpan<char> text) => double.TryParse(text, Styles, CultureInfo.InvariantCulture, out var number)
        && double.IsFinite(number) ? number : null;

    /// <summary>The shortest spelling of a number (<c>1.50</c> is <c>1.5</c>, <c>-0</c> is <c>0</c>); null for what is no finite number.
    /// Blanks around it do not count.</summary>
    public static string? Shortest(ReadOnlySpan<char> text)
    {
        text = text.Trim();
        if (ValueOf(text) is null) return null;
        var negative = text[0] == '-';
        if (text[0] is '-' or '+') text = text[1..];
        var exponent = 0L;
        if (text.IndexOfAny('e', 'E') is >= 0 and var e)
        {
            if (!long.TryParse(text[(e + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent)) return null;
            text = text[..e];
        }
        var point = text.IndexOf('.');
        var digits = point < 0 ? text.ToString() : string.Concat(text[..point], text[(point + 1)..]);
        var whole = (point < 0 ? text.Length : point) + exponent;   // digits before the point
        var leading = digits.Length - digits.TrimStart('0').Length;
        digits = digits.Trim('0');
        if (digits.Length == 0) return "0";
        whole -= leading;
        var sign = negative ? "-" : "";
        if (whole > MostPlaces || whole < -MostPlaces)
            return $"{sign}{digits[0]}{(digits.Length > 1 ? $".{digits[1..]}" : "")}E{whole - 1}";
        if (whole <= 0) return $"{sign}0.{new string('0', (int)-whole)}{digits}";
        return digits.Length <= whole ? $"{sign}{digits.PadRight((int)whole, '0')}"
            : $"{sign}{digits[..(int)whole]}.{digits[(int)whole..]}";
    }
}
