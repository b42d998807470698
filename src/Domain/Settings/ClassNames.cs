namespace LoraDrop.Domain;

/// <summary>Names of classes, and how data files refer to them: by value, the same in every format.</summary>
/// <remarks>
/// Equal numbers are one class, named by the shortest spelling: <c>1</c>, <c>1.0</c> (pandas, if a label is
/// missing) and <c>1e0</c> are <c>1</c>.
/// If every label is true or false in any case (<c>True</c>, <c>TRUE</c>), the classes are <c>false</c> and <c>true</c>. Any other
/// text is its own class, unchanged.
/// </remarks>
public static class ClassNames
{
    private const int MostListed = 20;

    /// <summary>The classes of labels: in numeric order if all are numbers, else in ordinal order.</summary>
    public static IReadOnlyList<string> Infer(IEnumerable<string> labels)
    {
        var written = labels.ToHashSet();
        if (written.Count > 0 && written.All(label => IsBoolean(label))) return [.. written.Select(Boolean).Distinct()
            .Order(StringComparer.Ordinal)];
        string[] names = [.. written.Select(Named).Distinct().Order(StringComparer.Ordinal)];
        return names.All(name => NumberOf(name) is not null) ? [.. names.OrderBy(NumberOf).ThenBy(name => name, StringComparer.Ordinal)]
            : names;
    }

    /// <summary>The class that a label belongs to, for counting: a number under its shortest spelling, any other text as it
    /// stands.</summary>
    public static string Named(string label) => NumberText.Shortest(label) ?? label;

    /// <summary>Whether a label is true or false in any case.</summary>
    public static bool IsBoolean(string label) => IsBoolean(label.AsSpan());

    /// <summary>The same of a span.</summary>
    public static bool IsBoolean(ReadOnlySpan<char> label) => label.Trim() is var word
        && (word.Equals("true", StringComparison.OrdinalIgnoreCase) || word.Equals("false", StringComparison.OrdinalIgnoreCase));

    /// <summary><c>true</c> or <c>false</c>, for a label that <see cref="IsBoolean(string)"/>.</summary>
    public static string Boolean(string label) => label.Trim().ToLowerInvariant();

    /// <summary>The valid labels, for a fault's message.</summary>
    public static string Wanted(IReadOnlyList<string>? names) =>
        names is null ? "a finite number"
            : $"one of {string.Join(", ", names.Take(MostListed))}{(new ClassIndex(names).AcceptsIndices ? ", or its number from 0" : "")}";

    /// <summary>Whether a label is hidden: test labels are published as -1 if there is no class of that name.</summary>
    public static bool IsHidden(string label, IReadOnlyList<string>? names) => NumberOf(label) == -1
        && (names is null || new ClassIndex(names).Of(label) is null);

    /// <summary>A finite number, or null.</summary>
    public static double? NumberOf(string label) => NumberText.ValueOf(label);

    /// <summary>Remarks on labels with several spellings.</summary>
    /// <param name="labels">The labels of a column as written.</param>
    public static IEnumerable<string> SpellingRemarks(IEnumerable<string> labels)
    {
        string[] written = [.. labels.Where(label => !string.IsNullOrWhiteSpace(label)).Distinct().Order(StringComparer.Ordinal)];
        var booleans = written.All(label => IsBoolean(label));
        foreach (var alike in written.GroupBy(label => Named(label).Trim().ToLowerInvariant()).Where(alike => alike.Count() > 1))
        {
            string[] classes = [.. alike.Select(label => booleans ? Boolean(label) : Named(label)).Distinct()];
            var spellings = string.Join(" and ", alike.Select(label => $"\"{label}\""));
            yield return classes.Length == 1 ? $"{spellings} are one label, {classes[0]}"
                : $"{spellings} differ only in spelling and are {classes.Length} labels";
        }
    }
}

/// <summary>Finds the class of a label.</summary>
public sealed class ClassIndex
{
    private readonly Dictionary<string, int> _classes = [];
    private readonly bool _booleans;
    private readonly int _count;

    /// <param name="names">The classes, class 0 first.</param>
    public ClassIndex(IReadOnlyList<string> names)
    {
        _count = names.Count;
        _booleans = names.Count > 0 && names.All(name => ClassNames.IsBoolean(name));
        foreach (var (place, name) in names.Index()) _classes.TryAdd(KeyOf(name), place);
        AcceptsIndices = names.All(name => ClassNames.NumberOf(name) is null);
    }

    /// <summary>Whether a label may also be the index of a class, from 0: only if no class is named by a number, since <c>1</c> could
    /// then be either.</summary>
    public bool AcceptsIndices { get; }

    /// <summary>Number of distinct classes; fewer than names if two names are the same value, such as <c>1</c> and <c>1.0</c>.</summary>
    public int Count => _classes.Count;

    /// <summary>The class of a label, by name or else by index; null if unknown.</summary>
    public int? Of(string label) => Of(label, out _);

    /// <summary>The class of a label, and whether it was found by index.</summary>
    public int? Of(string label, out bool byIndex)
    {
        byIndex = false;
        if (_classes.TryGetValue(KeyOf(label), out var found)) return found;
        if (!AcceptsIndices || !int.TryParse(ClassNames.Named(label), out var place) || place < 0 || place >= _count) return null;
        byIndex = true;
        return place;
    }

    private string KeyOf(string label) => _booleans && ClassNames.IsBoolean(label) ? ClassNames.Boolean(label) : ClassNames.Named(label);
}
