using Spectre.Console;

namespace LoraDrop.Cli;

/// <summary>A table of texts.</summary>
internal static class PlainTable
{
    /// <param name="console">Where to.</param>
    /// <param name="headings">One a column; a heading that begins with <c>&gt;</c> is of a column of numbers, set to the right.</param>
    /// <param name="rows">A text a column; null is a dash.</param>
    /// <param name="longest">Of a longer text the beginning is shown: where the console has no width of its own, one text would make every row as wide.</param>
    public static void Write(IAnsiConsole console, IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string?>> rows, int longest = int.MaxValue)
    {
        var table = new Table { Border = TableBorder.Simple };
        foreach (var heading in headings)
            table.AddColumn(new TableColumn(new Text(heading.TrimStart('>'))) { Alignment = heading.StartsWith('>') ? Justify.Right : Justify.Left, NoWrap = heading is "id" || heading.StartsWith('>') });
        foreach (var row in rows) table.AddRow(row.Select(cell => new Text(cell is null ? "–" : Beginning(cell, longest))));
        console.Write(table);
    }

    /// <summary>Half of a surrogate pair is no character, so none is left at the end.</summary>
    private static string Beginning(string text, int longest) => text.Length <= longest ? text : $"{text[..(char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest)]}…";
}
