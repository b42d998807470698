using System.Text.RegularExpressions;

namespace LoraDrop.Storage;

/// <summary>A host's name as settings have it: <c>hooks.example.com</c>, or <c>*.example.com</c> for every name below that.</summary>
internal static partial class HostPattern
{
    private const int LongestHost = 253;

    public static bool IsOne(string written) => written.Length <= LongestHost && Pattern().IsMatch(written);

    /// <param name="pattern">As the settings have it.</param>
    /// <param name="host">In lower case, in punycode where it has other letters.</param>
    public static bool Matches(string pattern, string host) =>
        pattern.StartsWith("*.", StringComparison.Ordinal)
            ? host.EndsWith(pattern[1..], StringComparison.OrdinalIgnoreCase)
            : host.Equals(pattern, StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(@"\A(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?)*\z")]
    private static partial Regex Pattern();
}
