using LoraDrop.Domain;

namespace LoraDrop.Engine;

/// <summary>The rows of a data file that could be read, as text, and the columns they come from.</summary>
internal sealed record Table(TaskColumns? Columns, IReadOnlyList<TableRow> Rows)
{
    public static readonly Table Empty = new(null, []);

    /// <summary>What conversations hold besides that no classifier reads.</summary>
    public IReadOnlyList<string> NotUsed { get; init; } = [];

    /// <summary>The first choice whose columns are all there; else a fault that says which are.</summary>
    public static TaskColumns? Choose(IReadOnlyList<TaskColumns> choices, IReadOnlyCollection<string> there, DataFaults faults)
    {
        if (ColumnChoice.Named(choices, there) is not { } found)
        {
            faults.Add(ColumnChoice.Wanted(choices, there));
            return null;
        }
        foreach (var twice in ColumnChoice.Twice(found, there)) faults.Add($"column {twice}", "is there more than once");
        return found;
    }
}

/// <summary>The cells that a task reads, and their place for faults. A missing value is empty.</summary>
internal readonly record struct TableRow(RowPlace Place, string First, string? Second, string Label);

/// <summary>A row, counted from 1 without a header, and in text files the line where it starts: <c>row 7 (line 8)</c>.</summary>
internal readonly record struct RowPlace(int Row, long? Line = null)
{
    public override string ToString() => Line is null ? $"row {Row}" : $"row {Row} (line {Line})";
}
