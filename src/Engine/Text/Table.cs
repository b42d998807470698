using LoraDrop.Domain;

namespace LoraDrop.Engine;

/// <summary>The rows of a data file that could be read, as text, and the columns they come from.</summary>
internal sealed record Table(TaskColumns? Columns, IReadOnlyList<TableRow> Rows)
{
    public static readonly Table Empty = new(null, []);
}

/// <summary>The cells that a task reads, and their place for faults: <c>row 7 (line 8)</c>. A missing value is empty.</summary>
internal readonly record struct TableRow(string Place, string First, string? Second, string Label);
