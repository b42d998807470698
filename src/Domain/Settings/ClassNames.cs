using System.Globalization;

namespace LoraDrop.Domain;

/// <summary>The names of the classes, and how a data file refers to them.</summary>
public static class ClassNames
{
    /// <summary>The labels that occur: in numeric order if all are numbers, else in ordinal order.</summary>
    public static IReadOnlyList<string> Infer(IEnumerable<string> labels)
    {
        var names = labels.Distinct().Order(StringComparer.Ordinal).ToArray();
        return names.All(name => NumberOf(name) is not null) ? [.. names.OrderBy(NumberOf)] : names;
    }

    /// <summary>What each label stands for: a class by its name, or else by its number from 0.</summary>
    public static IReadOnlyDictionary<string, int> Index(IReadOnlyList<string> names)
    {
        var index = Enumerable.Range(0, names.Count).ToDictionary(i => $"{i}");
        foreach (var (i, name) in names.Index()) index[name] = i;
        return index;
    }

    /// <summary>What a label must be, as a fault says it.</summary>
    public static string Wanted(IReadOnlyList<string>? names) => names is null ? "a finite number" : $"one of {string.Join(", ", names.Take(20))}, or its number from 0";

    /// <summary>Whether a label says that there is none: hidden test labels are published as -1, and no class is called so.</summary>
    public static bool IsHidden(string label, IReadOnlyList<string>? names) => NumberOf(label) == -1 && names?.Contains(label) != true;

    /// <summary>A finite number, or null.</summary>
    public static double? NumberOf(string label) =>
        double.TryParse(label, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number)
        && double.IsFinite(number) ? number : null;
}
