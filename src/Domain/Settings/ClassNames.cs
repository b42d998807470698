namespace LoraDrop.Domain;

/// <summary>The names of the classes, and how a data file refers to them: by value, the same in every format.</summary>
/// <remarks>
/// Numbers that are equal are one class, however they are spelt, under the shortest spelling: <c>1</c>, <c>1.0</c> (pandas, once a label is
/// missing) and <c>1e0</c> are <c>1</c>.
/// Where every label is true or false in any spelling (<c>True</c>, <c>TRUE</c>), the classes are <c>false</c> and <c>true</c>. Any other
/// text is its own class, as it stands.
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

    /// <summary>Whether a label is true or false in any spelling.</summary>
    public static bool IsBoolean(string label) => IsBoolean(label.AsSpan());

    /// <summary>The same of a span.</summary>
    public static bool IsBoolean(ReadOnlySpan<char> label) => label.Trim() is var word
        && (word.Equals("true", StringComparison.OrdinalIgnoreCase) || word.Equals("false", StringComparison.OrdinalIgnoreCase));

    /// <summary><c>true</c> or <c>false</c>, for a label that <see cref="IsBoolean(string)"/>.</summary>
    public static string Boolean(string label) => label.Trim().ToLowerInvariant();

    /// <summary>What a label must be, as a fault says it.</summary>
    public static string Wanted(IReadOnlyList<string>? names) =>
        names is null ? "a finite number"
            : $"one of {string.Join(", ", names.Take(MostListed))}{(new ClassIndex(names).CountsPlaces ? ", or its number from 0" : "")}";

    /// <summary>Whether a label says that there is none: hidden test labels are published as -1, and no class is called so.</summary>
    public static bool IsHidden(string label, IReadOnlyList<string>? names) => NumberOf(label) == -1
        && (names is null || new ClassIndex(names).Of(label) is null);

    /// <summary>A finite number, or null.</summary>
    public static double? NumberOf(string label) => NumberText.ValueOf(label);

    /// <summary>Labels that are spelt in several ways, each as a remark that names the spellings.</summary>
    /// <param name="labels">The labels of a column as they are written.</param>
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
        CountsPlaces = names.All(name => ClassNames.NumberOf(name) is null);
    }

    /// <summary>Whether a label may also be the place of a class, from 0: only where no class is called by a number, since <c>1</c> could
    /// then be either.</summary>
    public bool CountsPlaces { get; }

    /// <summary>Different classes; fewer than names where two names are one value, such as <c>1</c> and <c>1.0</c>.</summary>
    public int Count => _classes.Count;

    /// <summary>The class of a label, by its name or else by its place; null where there is none.</summary>
    public int? Of(string label) => Of(label, out _);

    /// <summary>The class of a label, and whether its place said so.</summary>
    public int? Of(string label, out bool byPlace)
    {
        byPlace = false;
        if (_classes.TryGetValue(KeyOf(label), out var found)) return found;
        if (!CountsPlaces || !int.TryParse(ClassNames.Named(label), out var place) || place < 0 || place >= _count) return null;
        byPlace = true;
        return place;
    }

    private string KeyOf(string label) => _booleans && ClassNames.IsBoolean(label) ? ClassNames.Boolean(label) : ClassNames.Named(label);
}
