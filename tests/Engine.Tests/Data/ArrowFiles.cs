using Apache.Arrow;
using Apache.Arrow.Types;
using ParquetSharp;
using ParquetSharp.Arrow;

namespace LoraDrop.Engine.Tests;

/// <summary>Writes Parquet as Arrow's own writer does, which pandas, polars and <c>datasets</c> use.</summary>
internal static class ArrowFiles
{
    public static string Write(string path, IReadOnlyDictionary<string, string>? metadata,
        params (string Name, IArrowArray Values)[] columns)
    {
        var schema = new Schema(columns.Select(column => new Field(column.Name, column.Values.Data.DataType, nullable: true)), metadata);
        using var properties = new ArrowWriterPropertiesBuilder().StoreSchema().Build();
        using var builder = new WriterPropertiesBuilder();
        using var packing = builder.Compression(Compression.Uncompressed).DisableDictionary().Build();
        using var writer = new FileWriter(path, schema, packing, properties);
        writer.WriteRecordBatch(new RecordBatch(schema, columns.Select(column => column.Values), columns[0].Values.Length));
        writer.Close();
        return path;
    }

    /// <summary>Writes texts that the file marks as JSON, as no Arrow schema can; null is a missing value.</summary>
    public static string WriteJson(string path, params (string Name, string?[] Values)[] columns)
    {
        using var json = LogicalType.Json();
        using var writer = new ParquetFileWriter(path, [.. columns.Select(column => new Column<string?>(column.Name, json))]);
        using var rows = writer.AppendRowGroup();
        foreach (var (_, values) in columns)
        {
            using var column = rows.NextColumn().LogicalWriter<string?>();
            column.WriteBatch(values);
        }
        writer.Close();
        return path;
    }

    public static IArrowArray Texts(params IEnumerable<string?> texts)
    {
        var builder = new StringArray.Builder();
        foreach (var text in texts) builder.Append(text);
        return builder.Build();
    }

    public static IArrowArray LargeTexts(params IEnumerable<string> texts)
    {
        var (offsets, bytes) = (new ArrowBuffer.Builder<long>().Append(0), new ArrowBuffer.Builder<byte>());
        var count = 0;
        foreach (var text in texts)
        {
            bytes.Append(System.Text.Encoding.UTF8.GetBytes(text));
            offsets.Append(bytes.Length);
            count++;
        }
        return new LargeStringArray(new ArrayData(LargeStringType.Default, count, 0, 0,
            [ArrowBuffer.Empty, offsets.Build(), bytes.Build()]));
    }

    public static IArrowArray Bytes(params IEnumerable<byte[]> values)
    {
        var builder = new BinaryArray.Builder();
        foreach (var value in values) builder.Append(value.AsSpan());
        return builder.Build();
    }

    public static IArrowArray Longs(params IEnumerable<long> values) => new Int64Array.Builder().AppendRange(values).Build();

    public static IArrowArray Doubles(params IEnumerable<double> values) => new DoubleArray.Builder().AppendRange(values).Build();

    public static IArrowArray Flags(params IEnumerable<bool> values) => new BooleanArray.Builder().AppendRange(values).Build();

    public static IArrowArray Days(params IEnumerable<DateTime> values) =>
        new Date32Array.Builder().AppendRange(values.Select(DateOnly.FromDateTime)).Build();

    public static IArrowArray Decimals(params IEnumerable<decimal> values) =>
        new Decimal128Array.Builder(new Decimal128Type(10, 2)).AppendRange(values).Build();

    public static IArrowArray Categories(string[] categories, params IEnumerable<int> places) =>
        new DictionaryArray(new DictionaryType(Int32Type.Default, StringType.Default, false),
            new Int32Array.Builder().AppendRange(places).Build(), Texts(categories));
}
