using System.Text.RegularExpressions;

namespace LoraDrop.Storage;

/// <summary>A host name in the settings: <c>hooks.example.com</c>, or <c>*.example.com</c> for every name below it.</summary>
internal static partial class HostPattern
{
    private const int LongestHost = 253;

    public static bool IsOne(string written) => written.Length <= LongestHost && Pattern().IsMatch(written);

    /// <param name="pattern">The pattern in the settings.</param>
    /// <param name="host">In lower case and punycode.</param>
    public static bool Matches(string pattern, string host) =>
        pattern.StartsWith("*.", StringComparison.Ordinal)
            ? host.EndsWith(pattern[1..], StringComparison.OrdinalIgnoreCase)
            : host.Equals(pattern, StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(@"\A(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?)*\z")]
    private static partial Regex Pattern();
}
