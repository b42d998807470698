using CsvHelper;
using LoraDrop.Domain;

namespace LoraDrop.Engine;

/// <summary>Reads TSV as GLUE writes it (tabs, nothing quoted) and CSV as RFC 4180 does (commas, quotes, line breaks inside quotes).</summary>
/// <remarks>
/// The first line is a header if it holds the task's column names. If it does not and the columns are numbers, there is no header.
/// Under a header every row has as many fields as the header, since a stray separator would shift the columns. Without one, fields
/// beyond the last column read are ignored: STS-B's test file carries two more on some rows.
/// </remarks>
internal static class SeparatedTable
{
    public static Table ReadTsv(string text, IReadOnlyList<TaskColumns> choices, DataFaults faults) =>
        Read(Utf8Text.Lines(text).Select((line, i) => new Record(i + 1, line.Split('\t'))), choices, faults);

    public static Table ReadCsv(string text, IReadOnlyList<TaskColumns> choices, DataFaults faults) => Read(CsvRecords(text, faults), choices, faults);

    private static IEnumerable<Record> CsvRecords(string text, DataFaults faults)
    {
        var options = new CsvReaderOptions
        {
            HasHeader = false,   // whether there is one, the task's columns say
            Separator = ',',
            TrackLineNumbers = true,
            OnMalformedRecord = bad => faults.Add($"line {bad.LineNumber}", bad.Reason == CsvMalformedReason.UnterminatedQuote
                ? "opens a quote that is never closed"
                : "has a quote inside a field: such a field is quoted as a whole, and its quotes are doubled"),
        };
        using var reader = CsvReader.FromText(text, options);
        while (reader.Read())
            yield return new Record(reader.LineNumber, [.. Enumerable.Range(0, reader.FieldCount).Select(reader.GetString)]);
    }

    private static Table Read(IEnumerable<Record> records, IReadOnlyList<TaskColumns> choices, DataFaults faults)
    {
        var all = records.ToList();
        if (all.Count == 0) return Table.Empty;
        var first = all[0].Fields;
        var counted = choices.Any(choice => choice.All.All(first.Contains)) ? null : ColumnChoice.Counted(choices, first.Length);
        var columns = counted ?? ColumnChoice.Named(choices, first, faults);
        return columns is null ? Table.Empty : new Table(columns, [.. Rows(all, header: counted is null ? first : null, columns, faults)]);
    }

    private static IEnumerable<TableRow> Rows(List<Record> records, string[]? header, TaskColumns columns, DataFaults faults)
    {
        int PlaceOf(string column) => header is null ? int.Parse(column) : Array.IndexOf(header, column);
        int first = PlaceOf(columns.First), second = columns.Second is null ? -1 : PlaceOf(columns.Second), label = PlaceOf(columns.Label);
        var least = header?.Length ?? 1 + Math.Max(Math.Max(first, second), label);

        foreach (var (index, record) in records.Skip(header is null ? 0 : 1).Index())
        {
            var (place, fields) = ($"row {index + 1} (line {record.Line})", record.Fields);
            if (fields.Length < least || (header is not null && fields.Length > least))
                faults.Add(place, $"must have {least} fields{(header is null ? " or more" : "")}; it has {fields.Length}");
            else
                yield return new TableRow(place, fields[first], second < 0 ? null : fields[second], fields[label]);
        }
    }

    /// <summary>The fields of a record, and the line where it starts, from 1.</summary>
    private readonly record struct Record(long Line, string[] Fields);
}
