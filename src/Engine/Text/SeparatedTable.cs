using CsvHelper;
using LoraDrop.Domain;

namespace LoraDrop.Engine;

/// <summary>Reads TSV as GLUE writes it (tabs, nothing quoted) and CSV as RFC 4180 does (commas, quotes, line breaks inside quotes).</summary>
/// <remarks>
/// The first line is a header if it holds the task's column names. If it does not and the columns are numbers, there is no header.
/// Where no task is known, it is taken for a header if its cells are all different and none is empty or a number: of GLUE's files
/// that is right for all. Under a header every row has as many fields as the header, since a stray separator would shift the
/// columns. Without one, fields beyond the last column read are ignored: STS-B's test file carries two more on some rows.
/// </remarks>
internal sealed class SeparatedTable : ITableReader
{
    public static readonly SeparatedTable Tsv = new(TsvRecords), Csv = new(CsvRecords);

    private readonly Func<byte[], DataFaults, IEnumerable<Record>> _records;

    private SeparatedTable(Func<byte[], DataFaults, IEnumerable<Record>> records) => _records = records;

    public Table Read(byte[] bytes, IReadOnlyList<TaskColumns> choices, DataFaults faults)
    {
        using var records = _records(bytes, faults).GetEnumerator();
        if (!records.MoveNext()) return Table.Empty;
        var first = records.Current.Fields;
        var (columns, header) = ColumnChoice.ByFirstLine(choices, first);
        if (columns is null || header) columns = Table.Choose(choices, first, faults);
        return columns is null ? Table.Empty : new Table(columns, [.. Rows(records, header ? first : null, columns, faults)]);
    }

    public void ReadAll(byte[] bytes, ICellSink to, DataFaults faults)
    {
        using var records = _records(bytes, faults).GetEnumerator();
        if (!records.MoveNext()) return;
        var first = records.Current.Fields;
        var header = IsHeader(first);
        var columns = to.Begin(header ? first : [.. first.Select((_, i) => $"{i}")], header);
        foreach (var (place, fields) in Rows(records, header, least: header ? first.Length : 0, most: header ? first.Length : int.MaxValue, faults))
            foreach (var (i, column) in columns.Index())
                column.Add(place, i < fields.Length ? fields[i] : "");
    }

    private static bool IsHeader(string[] first) => first.Distinct().Count() == first.Length && !first.Any(cell => string.IsNullOrWhiteSpace(cell) || ClassNames.NumberOf(cell) is not null);

    private static IEnumerable<TableRow> Rows(IEnumerator<Record> records, string[]? header, TaskColumns columns, DataFaults faults)
    {
        int PlaceOf(string column) => header is null ? int.Parse(column) : Array.IndexOf(header, column);
        int first = PlaceOf(columns.First), second = columns.Second is null ? -1 : PlaceOf(columns.Second), label = PlaceOf(columns.Label);
        var least = header?.Length ?? 1 + Math.Max(Math.Max(first, second), label);
        return Rows(records, header is not null, least, header?.Length ?? int.MaxValue, faults).Select(row =>
            new TableRow(row.Place, row.Fields[first], second < 0 ? null : row.Fields[second], row.Fields[label]));
    }

    /// <summary>The rows from the current record on, or after it where it is a header; one with too few or too many fields is a fault.</summary>
    private static IEnumerable<(RowPlace Place, string[] Fields)> Rows(IEnumerator<Record> records, bool header, int least, int most, DataFaults faults)
    {
        if (header && !records.MoveNext()) yield break;
        var row = 0;
        do
        {
            var (line, fields) = records.Current;
            var place = new RowPlace(++row, line);
            if (fields.Length >= least && fields.Length <= most) yield return (place, fields);
            else faults.Add($"{place}", $"must have {least} fields{(header ? "" : " or more")}; it has {fields.Length}");
        }
        while (records.MoveNext());
    }

    private static IEnumerable<Record> TsvRecords(byte[] bytes, DataFaults faults) => Utf8Text.Lines(bytes, faults).Select((line, i) => new Record(i + 1, line.Split('\t')));

    private static IEnumerable<Record> CsvRecords(byte[] bytes, DataFaults faults)
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
        using var reader = CsvReader.FromText(Utf8Text.Decode(bytes, faults), options);
        while (reader.Read())
            yield return new Record(reader.LineNumber, [.. Enumerable.Range(0, reader.FieldCount).Select(reader.GetString)]);
    }

    /// <summary>The fields of a record, and the line where it starts, from 1.</summary>
    private readonly record struct Record(long Line, string[] Fields);
}
