using LoraDrop.Domain;

namespace LoraDrop.Engine;

/// <summary>Reads the files that Hu et al. 2021 publish of E2E: lines <c>input||text</c>. The columns are <c>input</c> and <c>text</c>.</summary>
internal sealed class E2eLines : ITableReader
{
    private const string Between = "||";

    private static readonly string[] Columns = ["input", "text"];

    public Table Read(byte[] bytes, IReadOnlyList<TaskColumns> choices, DataFaults faults)
    {
        if (Table.Choose(choices, Columns, faults) is not { } columns) return Table.Empty;
        return new(columns, [.. Rows(bytes, faults).Select(row => new TableRow(row.Place, Cell(row, columns.First), columns.Second is { } second ? Cell(row, second) : null, Cell(row, columns.Label)))]);

        static string Cell((RowPlace, string Input, string Text) row, string column) => column == Columns[0] ? row.Input : row.Text;
    }

    public void ReadAll(byte[] bytes, ICellSink to, DataFaults faults)
    {
        var columns = to.Begin(Columns, header: true);
        foreach (var (place, input, text) in Rows(bytes, faults))
        {
            columns[0].Add(place, input, ColumnType.Text);
            columns[1].Add(place, text, ColumnType.Text);
        }
    }

    private static IEnumerable<(RowPlace Place, string Input, string Text)> Rows(byte[] bytes, DataFaults faults)
    {
        foreach (var (i, line) in Utf8Text.Lines(bytes, faults).Index())
        {
            var place = new RowPlace(i + 1, i + 1);
            var at = line.IndexOf(Between, StringComparison.Ordinal);
            if (at < 0) faults.Add($"{place}", $"must be an input and a text with {Between} between them");
            else yield return (place, line[..at].Trim(), line[(at + Between.Length)..].Trim());
        }
    }
}
