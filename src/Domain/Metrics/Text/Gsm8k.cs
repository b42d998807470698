using System.Text.RegularExpressions;

namespace LoraDrop.Domain;

/// <summary>
/// The answers of GSM8K (Cobbe et al. 2021), taken out and compared as openai/grade-school-math does it: the number behind the first <c>#### </c>.
/// </summary>
public static partial class Gsm8k
{
    /// <summary>The number as it is written, without its commas; null where no marker has a number one blank behind it.</summary>
    /// <remarks>It may be no number at all (<c>18..</c>, or the empty text for <c>#### ,</c>): the official rule takes any run of digits,
    /// points and commas.</remarks>
    public static string? Answer(string text) => Marked().Match(text) is { Success: true } found ? found.Groups[1].Value.Replace(",", "") : null;

    /// <summary>Whether the answers are written alike, which is the official measure: <c>18.0</c> is not <c>18</c>.</summary>
    /// <exception cref="ArgumentException">The gold text has no answer.</exception>
    public static bool IsCorrect(string text, string gold) => Answer(text) == Gold(gold);

    /// <summary>Whether the answers are the same number, however written. Not the official measure.</summary>
    /// <exception cref="ArgumentException">The gold text has no answer.</exception>
    public static bool IsEqualNumber(string text, string gold) => Answer(text) is { } answer && Canonical(answer) is { } number && number == Canonical(Gold(gold));

    private static string Gold(string gold) => Answer(gold) ?? throw new ArgumentException("The gold text has no answer behind \"#### \".", nameof(gold));

    // As text, so that no number is too long: no sign before zero, no zeros at either end.
    private static string? Canonical(string number)
    {
        if (Decimal().Match(number) is not { Success: true } parts) return null;
        var (whole, share) = (parts.Groups["whole"].Value.TrimStart('0'), parts.Groups["share"].Value.TrimEnd('0'));
        return whole.Length + share.Length == 0 ? "0" : $"{parts.Groups["sign"]}{whole}.{share}";
    }

    [GeneratedRegex(@"#### (-?[0-9.,]+)")]
    private static partial Regex Marked();

    [GeneratedRegex(@"^(?<sign>-?)(?=\.?[0-9])(?<whole>[0-9]*)(\.(?<share>[0-9]*))?\z")]
    private static partial Regex Decimal();
}
