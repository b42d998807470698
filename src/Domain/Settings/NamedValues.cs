namespace LoraDrop.Domain;

/// <summary>Validates name-value pairs, such as labels of jobs and workers.</summary>
public static class NamedValues
{
    public const int LongestName = 63, LongestValue = 255;

    /// <summary>Faults of too many pairs, and of names and values that are too long.</summary>
    /// <param name="pairs">The names and their values.</param>
    /// <param name="path">Their path, such as <c>labels</c>.</param>
    /// <param name="most">The maximum number of pairs.</param>
    public static IEnumerable<Fault> Faults(IReadOnlyDictionary<string, string> pairs, string path, int most)
    {
        if (pairs.Count > most) yield return new(path, $"must have at most {most} pairs; got {pairs.Count}");
        foreach (var (name, value) in pairs)
        {
            if (name.Length is 0 or > LongestName)
                yield return new($"{path}.{name}", $"must have a name of 1 to {LongestName} characters; got {name.Length}");
            if (value.Length > LongestValue)
                yield return new($"{path}.{name}", $"must have at most {LongestValue} characters; got {value.Length}");
        }
    }
}
