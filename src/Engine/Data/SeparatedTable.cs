using System.Text;
using System.Text.Json;
using CsvHelper;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Data;

/// <summary>Reads TSV as in GLUE (tabs, no quoting) and CSV as in RFC 4180 (commas, quotes, line breaks inside quotes).</summary>
/// <remarks>
/// Whether the first line is a header is decided from it and the rows below (<see cref="HeaderLine"/>). With a header, every row must have
/// as many fields as the header, since a stray separator would shift the columns. Without one, fields beyond those of the first row are
/// ignored with a remark: STS-B's test file has two more on some rows.
/// </remarks>
internal sealed class SeparatedTable : TableReader
{
    private const int MostBytesOfSample = 16 << 20;

    private readonly bool _tabs;
    private readonly string[] _first = [];
    private int _longer;

    public SeparatedTable(DataBytes bytes, bool tabs) : base(bytes)
    {
        _tabs = tabs;
        var sample = Sample();
        if (sample.Count == 0) return;
        _first = sample[0];
        WhyNoHeader = HeaderLine.WhyNot(_first, [.. sample.Skip(1)]);
        Columns = HeaderLine.Names(_first, Header);
    }

    public override bool Header => WhyNoHeader is null;

    public override string? WhyNoHeader { get; }

    public override IEnumerable<string> Remarks => _longer == 0 ? []
        : [$"{_longer:N0} {(_longer == 1 ? "row has" : "rows have")} more than the {_first.Length} fields of the "
        + "first row; what is beyond them is not read"];

    private IReadOnlyList<string> Columns { get; } = [];

    public override bool IsUnnamed(string column) => Header && Columns.Index().Any(named => named.Item == column
        && string.IsNullOrWhiteSpace(_first[named.Index]));

    public override void ReadCells(ICellSink to, ChatReading chat, DataFaults faults)
    {
        CellColumn?[] columns = [.. Columns.Select(to.Begin)];
        foreach (var (place, fields) in Rows(faults))
        {
            foreach (var (i, column) in columns.Index()) column?.Add(place, i < fields.Count ? fields[i] : default, CellKind.Untyped);
            to.Rows++;
        }
    }

    public override IEnumerable<(RowPlace Place, JsonElement Row)> ReadObjects(DataFaults faults)
    {
        var buffer = new MemoryStream();
        using var writer = new Utf8JsonWriter(buffer);
        foreach (var (place, fields) in Rows(faults))
        {
            buffer.SetLength(0);
            writer.Reset();
            writer.WriteStartObject();
            for (var i = 0; i < Columns.Count; i++) writer.WriteString(Columns[i], i < fields.Count ? fields[i] : default);
            writer.WriteEndObject();
            writer.Flush();
            using var row = JsonDocument.Parse(buffer.GetBuffer().AsMemory(0, (int)buffer.Length));
            yield return (place, row.RootElement);
        }
    }

    /// <summary>The first line and rows below it.</summary>
    private List<string[]> Sample()
    {
        var (sample, size) = (new List<string[]>(), 0);
        foreach (var (_, fields) in Records(new("")))
        {
            string[] cells = [.. Enumerable.Range(0, fields.Count).Select(i => Encoding.UTF8.GetString(fields[i]))];
            sample.Add(cells);
            size += cells.Sum(cell => cell.Length);
            if (sample.Count > HeaderLine.Sample || size > MostBytesOfSample) break;
        }
        return sample;
    }

    /// <summary>The rows below the header, or all rows. Too few or too many fields are a fault, and so is a repeated header.</summary>
    private IEnumerable<(RowPlace Place, Fields Fields)> Rows(DataFaults faults)
    {
        int row = 0, width = _first.Length;
        var header = Header ? _first.Select(Encoding.UTF8.GetBytes).ToArray() : null;
        _longer = 0;
        foreach (var (line, fields) in Records(faults))
        {
            if (row == 0 && header is not null)
            {
                row = 1;
                continue;
            }
            var place = new RowPlace(header is null ? ++row : row++, line);
            if (header is not null && fields.Count != width) faults.Add($"{place}", $"must have {width} fields; it has {fields.Count}");
            else if (header is not null && fields.AreSame(header)) faults.Add($"{place}",
                "is the header once more: the file was put together of several; leave it out");
            else
            {
                if (fields.Count > width) _longer++;
                yield return (place, fields);
            }
        }
    }

    private IEnumerable<(long Line, Fields Fields)> Records(DataFaults faults) => _tabs ? TsvRecords(faults) : CsvRecords(faults);

    private IEnumerable<(long Line, Fields Fields)> TsvRecords(DataFaults faults)
    {
        using var stream = Bytes.Read();
        var fields = new TabFields();
        foreach (var (number, line) in Utf8Text.Lines(stream, faults))
        {
            fields.Split(line);
            yield return (number, fields);
        }
    }

    private IEnumerable<(long Line, Fields Fields)> CsvRecords(DataFaults faults)
    {
        var options = new CsvReaderOptions
        {
            HasHeader = false,   // detected from the first line instead
            Separator = ',',
            TrackLineNumbers = true,
            OnMalformedRecord = bad => faults.Add($"line {bad.LineNumber}", bad.Reason == CsvMalformedReason.UnterminatedQuote
                ? "opens a quote that is never closed"
                : "has a quote inside a field: such a field is quoted as a whole, and its quotes are doubled"),
        };
        using var reader = CsvReader.Create(new Utf8Stream(Bytes.Read(), faults), options, leaveOpen: false);
        var fields = new QuotedFields(reader);
        while (reader.Read()) yield return (reader.LineNumber, fields);
    }

    /// <summary>The fields of a record, valid until the next is read.</summary>
    private abstract class Fields
    {
        public abstract int Count { get; }

        public abstract ReadOnlySpan<byte> this[int field] { get; }

        public bool AreSame(byte[][] others)
        {
            for (var i = 0; i < others.Length; i++)
                if (!this[i].SequenceEqual(others[i])) return false;
            return true;
        }
    }

    private sealed class QuotedFields(CsvReader reader) : Fields
    {
        public override int Count => reader.FieldCount;

        public override ReadOnlySpan<byte> this[int field] => reader.GetSpan(field);
    }

    private sealed class TabFields : Fields
    {
        private readonly List<int> _ends = [];
        private ReadOnlyMemory<byte> _line;

        public override int Count => _ends.Count;

        public override ReadOnlySpan<byte> this[int field] => _line.Span[(field == 0 ? 0 : _ends[field - 1] + 1).._ends[field]];

        public void Split(ReadOnlyMemory<byte> line)
        {
            _line = line;
            _ends.Clear();
            for (var at = 0; ; at = _ends[^1] + 1)
            {
                var found = line.Span[at..].IndexOf((byte)'\t');
                _ends.Add(found < 0 ? line.Length : at + found);
                if (found < 0) return;
            }
        }
    }
}
