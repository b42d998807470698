using LoraDrop.Domain;
using Parquet;
using Parquet.Schema;

namespace LoraDrop.Engine;

/// <summary>Reads Parquet. Texts are string columns, labels strings, whole numbers or floating-point numbers.</summary>
internal static class ParquetTable
{
    public static Table Read(byte[] bytes, IReadOnlyList<TaskColumns> choices, DataFaults faults)
    {
        try
        {
            return ReadAsync(bytes, choices, faults).GetAwaiter().GetResult();   // from memory: nothing to wait for
        }
        catch (Exception e) when (e is IOException or ParquetException or InvalidDataException or NotSupportedException or ArgumentException or IndexOutOfRangeException)
        {
            faults.Add($"cannot be read as Parquet: {e.Message}");   // the decoder trips over a damaged file in all these ways
            return Table.Empty;
        }
    }

    private static async Task<Table> ReadAsync(byte[] bytes, IReadOnlyList<TaskColumns> choices, DataFaults faults)
    {
        await using var reader = await ParquetReader.CreateAsync(new MemoryStream(bytes));
        var fields = reader.Schema.Fields.OfType<DataField>().Where(f => !f.IsArray).ToDictionary(f => f.Name);
        if (ColumnChoice.Named(choices, fields.Keys, faults) is not { } columns) return Table.Empty;

        var first = await Cells(columns.First, numbers: false);
        var second = columns.Second is null ? null : await Cells(columns.Second, numbers: false);
        var label = await Cells(columns.Label, numbers: true);
        return faults.Any ? Table.Empty : new Table(columns, [.. first.Select((text, i) => new TableRow($"row {i + 1}", text, second?[i], label[i]))]);

        async Task<List<string>> Cells(string column, bool numbers)
        {
            var cells = new List<string>();
            var read = CellReader(fields[column], numbers);
            if (read is null) faults.Add($"column {column}", $"must be text{(numbers ? " or numbers" : "")}; it is {fields[column].ClrType.Name}");
            for (var g = 0; read is not null && g < reader.RowGroupCount; g++)
            {
                using var group = reader.OpenRowGroupReader(g);
                cells.AddRange(await read(group));
            }
            return cells;
        }
    }

    private static Func<ParquetRowGroupReader, Task<IEnumerable<string>>>? CellReader(DataField field, bool numbers)
    {
        if (field.ClrType == typeof(ReadOnlyMemory<char>)) return group => Texts(group, field);
        if (!numbers) return null;
        return Type.GetTypeCode(field.ClrType) switch
        {
            TypeCode.SByte => group => Numbers<sbyte>(group, field),
            TypeCode.Byte => group => Numbers<byte>(group, field),
            TypeCode.Int16 => group => Numbers<short>(group, field),
            TypeCode.Int32 => group => Numbers<int>(group, field),
            TypeCode.Int64 => group => Numbers<long>(group, field),
            TypeCode.Single => group => Numbers<float>(group, field),
            TypeCode.Double => group => Numbers<double>(group, field),
            _ => null,
        };
    }

    private static async Task<IEnumerable<string>> Texts(ParquetRowGroupReader group, DataField field)
    {
        var cells = new string?[group.RowCount];
        await group.ReadAsync(field, cells.AsMemory()!);
        return cells.Select(cell => cell ?? "");
    }

    private static async Task<IEnumerable<string>> Numbers<T>(ParquetRowGroupReader group, DataField field) where T : struct
    {
        var cells = new T?[group.RowCount];
        await group.ReadAsync(field, cells.AsMemory());
        return cells.Select(cell => cell is { } number ? $"{number}" : "");
    }
}
