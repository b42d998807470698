using Spectre.Console;

namespace LoraDrop.Cli;

/// <summary>A table of texts.</summary>
internal static class PlainTable
{
    /// <param name="console">The output.</param>
    /// <param name="headings">One per column; a heading that begins with <c>&gt;</c> makes its column right-aligned.</param>
    /// <param name="rows">One text per column; null is shown as a dash.</param>
    /// <param name="longest">Longer texts are cut: on a console without a width, one text would widen every row.</param>
    public static void Write(IAnsiConsole console, IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string?>> rows,
        int longest = int.MaxValue)
    {
        var table = new Table { Border = TableBorder.Simple };
        foreach (var heading in headings)
            table.AddColumn(new TableColumn(new Text(heading.TrimStart('>'))) { Alignment = heading.StartsWith('>')
                ? Justify.Right
                : Justify.Left, NoWrap = heading is "id" || heading.StartsWith('>') });
        foreach (var row in rows) table.AddRow(row.Select(cell => new Text(cell is null ? "–" : Beginning(cell, longest))));
        console.Write(table);
    }

    /// <summary>Never cuts within a surrogate pair.</summary>
    private static string Beginning(string text, int longest) =>
        text.Length <= longest ? text : $"{text[..(char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest)]}…";
}
