using System.Globalization;
using System.Text.RegularExpressions;

namespace LoraDrop.Storage;

/// <summary>A duration in settings: <c>250ms</c>, <c>30s</c>, <c>5min</c>, <c>1h</c>, <c>2d</c>, or <c>hh:mm:ss</c>.</summary>
/// <remarks>A bare number is invalid: .NET would read <c>60</c> as sixty days.</remarks>
public static partial class Duration
{
    public static TimeSpan? Parse(string text)
    {
        if (Short().Match(text.Trim()) is { Success: true } match
            && double.TryParse(match.Groups[1].Value, NumberStyles.AllowDecimalPoint, null, out var number) && number < 1e9)
            return TimeSpan.FromMilliseconds(number * UnitOf(match.Groups[2].Value));
        return text.Contains(':') && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time) ? time : null;
    }

    private static double UnitOf(string unit) => unit.ToLowerInvariant() switch
    {
        "ms" => 1,
        "s" => 1_000,
        "m" or "min" => 60_000,
        "h" => 3_600_000,
        _ => 86_400_000,
    };

    /// <summary>The format of bounds in faults: <c>30 s</c>, <c>5 min</c>.</summary>
    public static string Text(TimeSpan time) => time switch
    {
        { TotalDays: >= 1 } => $"{time.TotalDays:0.###} d",
        { TotalHours: >= 1 } => $"{time.TotalHours:0.###} h",
        { TotalMinutes: >= 1 } => $"{time.TotalMinutes:0.###} min",
        { TotalSeconds: >= 1 } => $"{time.TotalSeconds:0.###} s",
        _ => $"{time.TotalMilliseconds:0.###} ms",
    };

    [GeneratedRegex(@"\A(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)\z", RegexOptions.IgnoreCase)]
    private static partial Regex Short();
}
