using Spectre.Console;

namespace LoraDrop.Cli;

/// <summary>A table of texts.</summary>
internal static class PlainTable
{
    /// <param name="console">Where to.</param>
    /// <param name="headings">One a column; a heading that begins with <c>&gt;</c> is of a column of numbers, set to the right.</param>
    /// <param name="rows">A text a column; null is a dash.</param>
    public static void Write(IAnsiConsole console, IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string?>> rows)
    {
        var table = new Table { Border = TableBorder.Simple };
        foreach (var heading in headings)
            table.AddColumn(new TableColumn(new Text(heading.TrimStart('>'))) { Alignment = heading.StartsWith('>') ? Justify.Right : Justify.Left, NoWrap = heading is "id" || heading.StartsWith('>') });
        foreach (var row in rows) table.AddRow(row.Select(cell => new Text(cell ?? "–")));
        console.Write(table);
    }
}
