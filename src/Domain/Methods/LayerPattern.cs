using System.Text.RegularExpressions;

namespace LoraDrop.Domain;

/// <summary>Patterns over the paths of layers, as in PEFT's <c>rank_pattern</c>: a regular expression for the end of a path, which begins
/// after a dot.</summary>
public static class LayerPattern
{
    private const int LongestPattern = 500, MostPatterns = 200;

    // linear in the length of the path, whatever the pattern
    private const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    /// <summary>Whether a pattern is for a layer.</summary>
    public static bool Matches(string pattern, string path) => Regex.IsMatch(path, $@"^(?:.*\.)?(?:{pattern})$", Options);

    /// <summary>The value of the first pattern that matches a path; null if none does, or there is no path.</summary>
    public static T? First<T>(IReadOnlyDictionary<string, T>? patterns, string? path) where T : struct
    {
        if (patterns is null || path is null) return null;
        foreach (var (pattern, value) in patterns)
            if (Matches(pattern, path)) return value;
        return null;
    }

    /// <summary>Faults of the patterns themselves.</summary>
    /// <param name="patterns">The patterns; null if none are given.</param>
    /// <param name="path">Their path in the request.</param>
    public static IEnumerable<Fault> Faults(IEnumerable<string>? patterns, string path)
    {
        string[] given = [.. patterns ?? []];
        if (given.Length > MostPatterns) yield return new(path, $"must have at most {MostPatterns} patterns; got {given.Length}");
        foreach (var pattern in given)
            if (FaultOf(pattern) is { } fault) yield return new($"{path}.{pattern}", fault);
    }

    /// <summary>Faults of patterns that match none of the layers.</summary>
    /// <param name="patterns">The patterns; null if none are given.</param>
    /// <param name="layers">The target layers.</param>
    /// <param name="path">Their path in the request.</param>
    public static IEnumerable<Fault> UnusedFaults(IEnumerable<string>? patterns, IReadOnlyList<LinearModule> layers, string path) =>
        from pattern in patterns ?? []
        where layers.Count > 0 && !layers.Any(layer => Matches(pattern, layer.Path))
        select new Fault($"{path}.{pattern}", "matches no target layer; a pattern is a regular expression for the end of a path such as "
            + layers[0].Path);

    private static string? FaultOf(string pattern)
    {
        if (pattern.Length > LongestPattern) return $"must have at most {LongestPattern} characters; got {pattern.Length}";
        try
        {
            Matches(pattern, "");
            return null;
        }
        catch (RegexParseException malformed)
        {
            return $"is no regular expression: {malformed.Error} at character {malformed.Offset + 1}";
        }
        catch (NotSupportedException)
        {
            return "must not look ahead or behind, refer back, or repeat so often that it grows too large";
        }
    }
}
