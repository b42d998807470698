using LoraDrop.Domain;

namespace LoraDrop.Engine.Models;

/// <summary>The rows of a base model's own output layer that a task starts from.</summary>
/// <param name="Order">For each class of the task its row of the stored layer; null: initialise the layer.</param>
/// <param name="Remark">A remark for the user, or null.</param>
internal sealed record HeadRows(IReadOnlyList<int>? Order, string? Remark)
{
    private const string Generic = "LABEL_", Ours = "The base model's output layer";

    /// <summary>Matches classes by name, because their order differs between checkpoints: RoBERTa's published MNLI model begins with
    /// contradiction, GLUE with entailment.</summary>
    /// <param name="stored">Rows of the stored layer; null if the checkpoint has none.</param>
    /// <param name="named">The class names in config.json, row 0 first; may be empty.</param>
    /// <param name="classes">Rows that the task needs.</param>
    /// <param name="wanted">The task's classes; null if it has none, or the rows are known to be in order.</param>
    public static HeadRows Of(long? stored, IReadOnlyList<string> named, int classes, IReadOnlyList<string>? wanted)
    {
        if (stored is not { } rows) return new(null, null);
        var inPlace = Enumerable.Range(0, classes).ToArray();
        if (rows != classes) return new(null, $"{Ours} has {rows} outputs{Listed(named)} and the task needs {classes}: it starts fresh.");
        if (wanted is null) return new(inPlace, classes == 1 ? $"{Ours} has one output, as the task needs: training starts from it."
            : null);
        if (Matched(named, wanted) is { } byName)
            return new(byName, byName.SequenceEqual(inPlace) ? null
                : $"{Ours} has the classes in another order{Listed(named)}: its rows are put in the task's order{Listed(wanted)}.");
        if (ByPlace(named, wanted) is { } byPlace)
            return new(byPlace,
                $"{Ours} does not name its classes: its rows are taken in order, as{Listed(wanted)}. Training starts from them.");
        return new(null, $"{Ours} has other classes{Listed(named)} than the task{Listed(wanted)}: it starts fresh.");
    }

    /// <summary>The row of each class of the task by name; null if the classes differ.</summary>
    private static int[]? Matched(IReadOnlyList<string> named, IReadOnlyList<string> wanted)
    {
        if (named.Count != wanted.Count) return null;
        foreach (var key in (Func<string, string>[])[name => name, KeyOf])
        {
            string[] there = [.. named.Select(key)];
            int[] rows = [.. wanted.Select(name => Array.IndexOf(there, key(name)))];
            if (rows.Distinct().Count() == rows.Length && !rows.Contains(-1)) return rows;
        }
        return null;
    }

    /// <summary>The row of each class by index, if the names are mere indices: no names, <c>LABEL_1</c>, or <c>1</c> if no class of the
    /// task is a number; else null.</summary>
    private static int[]? ByPlace(IReadOnlyList<string> named, IReadOnlyList<string> wanted)
    {
        int[] places = [.. Enumerable.Range(0, wanted.Count)];
        if (named.Count == 0) return places;
        string[] generic = [.. places.Select(place => $"{Generic}{place}")], bare = [.. places.Select(place => $"{place}")];
        return Matched(named, generic) ?? (wanted.Any(name => ClassNames.NumberOf(name) is not null) ? null : Matched(named, bare));
    }

    /// <summary>The key shared by spellings of a class: <c>NOT_ENTAILMENT</c> and <c>not entailment</c>, <c>1.0</c> and <c>1</c>.</summary>
    private static string KeyOf(string name) => ClassNames.NumberOf(name.Trim()) is { } number ? $"{number}"
        : name.Trim().ToLowerInvariant().Replace(' ', '_').Replace('-', '_');

    private static string Listed(IReadOnlyList<string> names) => names.Count == 0 ? "" : $" ({ColumnChoice.Listed(names)})";
}
