using LoraDrop.Domain;
using Parquet;
using Parquet.Meta.Proto;
using Parquet.Schema;

namespace LoraDrop.Engine;

/// <summary>Reads Parquet. Texts are string columns, labels strings, whole numbers or floating-point numbers.</summary>
internal sealed class ParquetTable : ITableReader
{
    public Table Read(byte[] bytes, IReadOnlyList<TaskColumns> choices, DataFaults faults)
    {
        var table = Table.Empty;
        Guard(faults, async () => table = await ReadAsync(bytes, choices, faults));
        return table;
    }

    public void ReadAll(byte[] bytes, ICellSink to, DataFaults faults) => Guard(faults, () => ReadAllAsync(bytes, to));

    private static void Guard(DataFaults faults, Func<Task> read)
    {
        try
        {
            read().GetAwaiter().GetResult();   // from memory: nothing to wait for
        }
        catch (Exception e) when (e is IOException or ParquetException or ThriftProtocolException or InvalidDataException or NotSupportedException or InvalidOperationException
            or ArgumentException or IndexOutOfRangeException or OverflowException or NullReferenceException)
        {
            faults.Add($"cannot be read as Parquet: {e.Message}");   // the decoder trips over a damaged file in all these ways
        }
    }

    private static async Task<Table> ReadAsync(byte[] bytes, IReadOnlyList<TaskColumns> choices, DataFaults faults)
    {
        await using var reader = await ParquetReader.CreateAsync(new MemoryStream(bytes));
        var fields = reader.Schema.Fields.OfType<DataField>().Where(f => !f.IsArray).ToDictionary(f => f.Name);
        if (Table.Choose(choices, fields.Keys, faults) is not { } columns) return Table.Empty;

        var first = await Cells(columns.First, numbers: false);
        var second = columns.Second is null ? null : await Cells(columns.Second, numbers: false);
        var label = await Cells(columns.Label, numbers: true);
        return faults.Any ? Table.Empty : new Table(columns, [.. first.Select((text, i) => new TableRow(new(i + 1), text, second?[i], label[i]))]);

        async Task<List<string>> Cells(string column, bool numbers)
        {
            var cells = new List<string>();
            var (type, read) = CellsOf(fields[column]);
            var fits = type == ColumnType.Text || (numbers && type is ColumnType.Whole or ColumnType.Number);
            if (!fits) faults.Add($"column {column}", $"must be text{(numbers ? " or numbers" : "")}; it is {fields[column].ClrType.Name}");
            for (var g = 0; fits && g < reader.RowGroupCount; g++)
            {
                using var group = reader.OpenRowGroupReader(g);
                cells.AddRange(await read(group));
            }
            return cells;
        }
    }

    private static async Task ReadAllAsync(byte[] bytes, ICellSink to)
    {
        await using var reader = await ParquetReader.CreateAsync(new MemoryStream(bytes));
        var columns = to.Begin([.. reader.Schema.Fields.Select(field => field.Name)], header: true);
        var row = 0;
        for (var g = 0; g < reader.RowGroupCount; g++)
        {
            using var group = reader.OpenRowGroupReader(g);
            foreach (var (field, column) in reader.Schema.Fields.Zip(columns))
            {
                var (type, read) = field is DataField { IsArray: false } data ? CellsOf(data) : (ColumnType.Other, Unread);
                foreach (var (i, text) in (await read(group)).Index()) column.Add(new(row + i + 1), text, type);
            }
            row += checked((int)group.RowCount);
        }
    }

    /// <summary>What the cells of a column are, and how those of a row group are read.</summary>
    private static (ColumnType Type, Func<ParquetRowGroupReader, Task<IEnumerable<string>>> Read) CellsOf(DataField field) => Type.GetTypeCode(field.ClrType) switch
    {
        _ when field.ClrType == typeof(ReadOnlyMemory<char>) => (ColumnType.Text, group => Texts(group, field)),
        TypeCode.SByte => (ColumnType.Whole, group => Values<sbyte>(group, field)),
        TypeCode.Byte => (ColumnType.Whole, group => Values<byte>(group, field)),
        TypeCode.Int16 => (ColumnType.Whole, group => Values<short>(group, field)),
        TypeCode.Int32 => (ColumnType.Whole, group => Values<int>(group, field)),
        TypeCode.Int64 => (ColumnType.Whole, group => Values<long>(group, field)),
        TypeCode.Single => (ColumnType.Number, group => Values<float>(group, field)),
        TypeCode.Double => (ColumnType.Number, group => Values<double>(group, field)),
        TypeCode.Boolean => (ColumnType.Boolean, async group => (await Values<bool>(group, field)).Select(cell => cell.ToLowerInvariant())),
        _ => (ColumnType.Other, Unread),
    };

    private static Task<IEnumerable<string>> Unread(ParquetRowGroupReader group) => Task.FromResult(Enumerable.Repeat("…", checked((int)group.RowCount)));

    private static async Task<IEnumerable<string>> Texts(ParquetRowGroupReader group, DataField field)
    {
        var cells = new string?[group.RowCount];
        await group.ReadAsync(field, cells.AsMemory()!);
        return cells.Select(cell => cell ?? "");
    }

    private static async Task<IEnumerable<string>> Values<T>(ParquetRowGroupReader group, DataField field) where T : struct
    {
        var cells = new T?[group.RowCount];
        await group.ReadAsync(field, cells.AsMemory());
        return cells.Select(cell => cell is { } value ? $"{value}" : "");
    }
}
