using System.Globalization;

namespace LoraDrop.Engine;

/// <summary>The names of the classes, and how a data file refers to them.</summary>
internal static class ClassNames
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

    /// <summary>A finite number, or null.</summary>
    public static double? NumberOf(string label) =>
        double.TryParse(label, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number)
        && double.IsFinite(number) ? number : null;
}
