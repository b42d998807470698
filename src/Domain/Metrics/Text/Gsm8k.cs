using System.Text.RegularExpressions;

namespace LoraDrop.Domain;

/// <summary>
/// The answers of GSM8K (Cobbe et al. 2021), extracted as openai/grade-school-math does: the number behind the first <c>#### </c>.
/// </summary>
public static partial class Gsm8k
{
    /// <summary>The number as it is written, without its commas; null where no marker has a number one blank behind it.</summary>
    /// <remarks>It may be no number at all (<c>18..</c>, or the empty text for <c>#### ,</c>): the official rule takes any run of digits,
    /// points and commas.</remarks>
    public static string? Answer(string text) =>
        Marked().Match(text) is { Success: true } found ? found.Groups[1].Value.Replace(",", "") : null;

    [GeneratedRegex(@"#### (-?[0-9.,]+)")]
    private static partial Regex Marked();
}
