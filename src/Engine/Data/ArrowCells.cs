using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Apache.Arrow;
using Apache.Arrow.Types;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Data;

/// <summary>Converts cells of Arrow arrays to text and JSON.</summary>
internal static class ArrowCells
{
    private const string NotANumber = "NaN";

    /// <summary>Number of Parquet columns that store a type.</summary>
    public static int LeavesOf(IArrowType type) => MembersOf(type)?.Sum(LeavesOf) ?? 1;

    /// <summary>The member types of a type, in column order; null for a type that is itself a column.</summary>
    public static IReadOnlyList<IArrowType>? MembersOf(IArrowType type) => type switch
    {
        StructType fields => [.. fields.Fields.Select(field => field.DataType)],
        MapType map => [map.KeyField.DataType, map.ValueField.DataType],
        ListType list => [list.ValueDataType],
        LargeListType list => [list.ValueDataType],
        FixedSizeListType list => [list.ValueDataType],
        _ => null,
    };

    /// <summary>A delegate that adds the cells of an array to a column.</summary>
    public static Action<CellColumn, RowPlace, int> Adder(IArrowArray array) => array switch
    {
        DictionaryArray indexed => Indexed(indexed, Adder(indexed.Dictionary)),
        _ when BytesOf(array) is { } bytes => (column, place, row) => Text(column, place, array.IsNull(row), bytes(row)),
        BooleanArray flags => (column, place, row) => column.Add(place, flags.GetValue(row) is { } flag ? flag ? "true"u8 : "false"u8
            : default, CellKind.Boolean),
        NullArray => (column, place, _) => column.Add(place, default, CellKind.Untyped),
        _ when NumberOf(array) is { } number => (column, place, row) =>
        {
            var text = array.IsNull(row) ? NotANumber : number(row);
            if (text == NotANumber) column.Add(place, default, CellKind.Untyped);   // pandas' marker for missing values
            else column.AddText(place, text, CellKind.Number);
        },
        _ => Other(Noun(array.Data.DataType)),
    };

    /// <summary>A delegate that adds the values of an array of JSON texts.</summary>
    /// <param name="array">The texts.</param>
    /// <param name="json">Parses them.</param>
    public static Action<CellColumn, RowPlace, int> JsonAdder(IArrowArray array, JsonCells json)
    {
        if (array is DictionaryArray indexed) return Indexed(indexed, JsonAdder(indexed.Dictionary, json));
        if (BytesOf(array) is not { } bytes) return Adder(array);
        return (column, place, row) =>
        {
            if (array.IsNull(row)) column.Add(place, default, CellKind.Untyped);
            else if (JsonMarks.FaultIn(bytes(row)) is { } fault) column.AddText(place, fault, CellKind.Broken);
            else json.AddValue(column, bytes(row), place);
        };
    }

    /// <summary>Writes a cell as JSON: text, number, true or false, null, list or object. Bytes that are not text become null.</summary>
    /// <param name="writer">Receives the value.</param>
    /// <param name="array">The column, or part of it.</param>
    /// <param name="row">The cell's index in the array.</param>
    /// <param name="marks">Which texts of the array are JSON, or null.</param>
    /// <exception cref="JsonException">A text that should be JSON is not; the message is worded as a fault.</exception>
    public static void Write(Utf8JsonWriter writer, IArrowArray array, int row, JsonMarks? marks)
    {
        if (array.IsNull(row))
        {
            writer.WriteNullValue();
            return;
        }
        switch (array)
        {
            case DictionaryArray indexed:
                Write(writer, indexed.Dictionary, IndexIn(indexed, row), marks);
                break;
            case BooleanArray flags:
                writer.WriteBooleanValue(flags.GetValue(row)!.Value);
                break;
            case StructArray members:
                writer.WriteStartObject();
                foreach (var (i, field) in ((StructType)members.Data.DataType).Fields.Index())
                {
                    writer.WritePropertyName(field.Name);
                    Write(writer, members.Fields[i], row, marks?.Members[i]);
                }
                writer.WriteEndObject();
                break;
            case MapArray map:
                WriteMap(writer, map, row, marks);
                break;
            case ListArray list:
                WriteList(writer, list.Values, list.ValueOffsets[row], list.ValueOffsets[row + 1], marks?.Members[0]);
                break;
            case LargeListArray list:
                WriteList(writer, list.Values, checked((int)list.ValueOffsets[row]), checked((int)list.ValueOffsets[row + 1]),
                    marks?.Members[0]);
                break;
            case FixedSizeListArray list when list.Data.DataType is FixedSizeListType sized:
                WriteList(writer, list.Values, row * sized.ListSize, (row + 1) * sized.ListSize, marks?.Members[0]);
                break;
            default:
                if (BytesOf(array) is { } bytes) WriteText(writer, bytes(row), marks);
                else if (NumberOf(array) is { } number) WriteNumber(writer, number(row));
                else if (TimeOf(array, row) is { } time) writer.WriteStringValue(time);
                else writer.WriteNullValue();
                break;
        }
    }

    private static void WriteList(Utf8JsonWriter writer, IArrowArray values, int from, int to, JsonMarks? marks)
    {
        writer.WriteStartArray();
        for (var i = from; i < to; i++) Write(writer, values, i, marks);
        writer.WriteEndArray();
    }

    private static void WriteMap(Utf8JsonWriter writer, MapArray map, int row, JsonMarks? marks)
    {
        var keys = map.Keys as StringArray;
        writer.WriteStartObject();
        for (var i = map.ValueOffsets[row]; keys is not null && i < map.ValueOffsets[row + 1]; i++)
        {
            writer.WritePropertyName(keys.GetBytes(i));
            Write(writer, map.Values, i, marks?.Members[1]);
        }
        writer.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter writer, ReadOnlySpan<byte> bytes, JsonMarks? marks)
    {
        if (marks is not null)
        {
            if (JsonMarks.FaultIn(bytes) is { } fault) throw new JsonException(fault);
            writer.WriteRawValue(bytes, skipInputValidation: true);   // just validated
        }
        else if (Utf8.IsValid(bytes)) writer.WriteStringValue(bytes);
        else writer.WriteNullValue();
    }

    private static void WriteNumber(Utf8JsonWriter writer, string number)
    {
        if (NumberText.ValueOf(number) is null) writer.WriteNullValue();   // NaN and infinity are not valid JSON
        else writer.WriteRawValue(number);
    }

    private static Action<CellColumn, RowPlace, int> Indexed(DictionaryArray array, Action<CellColumn, RowPlace, int> add) =>
        (column, place, row) =>
    {
        if (array.IsNull(row)) column.Add(place, default, CellKind.Untyped);
        else add(column, place, IndexIn(array, row));
    };

    private static int IndexIn(DictionaryArray array, int row) => array.Indices switch
    {
        Int8Array indices => indices.GetValue(row)!.Value,
        UInt8Array indices => indices.GetValue(row)!.Value,
        Int16Array indices => indices.GetValue(row)!.Value,
        UInt16Array indices => indices.GetValue(row)!.Value,
        Int32Array indices => indices.GetValue(row)!.Value,
        UInt32Array indices => checked((int)indices.GetValue(row)!.Value),
        Int64Array indices => checked((int)indices.GetValue(row)!.Value),
        _ => throw new NotSupportedException($"indices of the type {array.Indices.Data.DataType.Name}"),
    };

    /// <summary>Reads a row of an array of texts or variable-length bytes; null for other arrays.</summary>
    private static BytesAt? BytesOf(IArrowArray array) => array switch
    {
        BinaryArray values => row => values.GetBytes(row),   // StringArray derives from BinaryArray; likewise the others
        LargeBinaryArray values => row => values.GetBytes(row),
        BinaryViewArray values => row => values.GetBytes(row),
        _ => null,
    };

    /// <summary>Formats the number in a non-null row in its shortest form; null for other arrays.</summary>
    private static Func<int, string>? NumberOf(IArrowArray array)
    {
        static string Of(IFormattable? value) => value is null ? "" : NumberText.Shortest(value.ToString(null,
            CultureInfo.InvariantCulture)) ?? value.ToString(null, CultureInfo.InvariantCulture);
        return array switch
        {
            Int8Array a => row => $"{a.GetValue(row)}",
            UInt8Array a => row => $"{a.GetValue(row)}",
            Int16Array a => row => $"{a.GetValue(row)}",
            UInt16Array a => row => $"{a.GetValue(row)}",
            Int32Array a => row => $"{a.GetValue(row)}",
            UInt32Array a => row => $"{a.GetValue(row)}",
            Int64Array a => row => $"{a.GetValue(row)}",
            UInt64Array a => row => $"{a.GetValue(row)}",
            HalfFloatArray a => row => Of(a.GetValue(row)),
            FloatArray a => row => Of(a.GetValue(row)),
            DoubleArray a => row => Of(a.GetValue(row)),
            Decimal128Array a => row => NumberText.Shortest(a.GetString(row)) ?? "",
            Decimal256Array a => row => NumberText.Shortest(a.GetString(row)) ?? "",
            _ => null,
        };
    }

    /// <summary>A date or time in its usual JSON form; null for anything else.</summary>
    private static string? TimeOf(IArrowArray array, int row) => array switch
    {
        Date32Array dates => dates.GetDateOnly(row)?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        Date64Array dates => dates.GetDateOnly(row)?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        TimestampArray times => times.GetTimestamp(row)?.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture),
        _ => null,
    };

    private static void Text(CellColumn column, RowPlace place, bool none, ReadOnlySpan<byte> bytes)
    {
        if (none) column.Add(place, default, CellKind.Untyped);
        else if (Utf8.IsValid(bytes)) column.Add(place, bytes, CellKind.Text);
        else column.AddText(place, "holds bytes that are no text in UTF-8", CellKind.Broken);
    }

    private static Action<CellColumn, RowPlace, int> Other(string noun)
    {
        var bytes = Encoding.UTF8.GetBytes(noun);
        return (column, place, _) => column.Add(place, bytes, CellKind.Other);
    }

    private static string Noun(IArrowType type) => type switch
    {
        ListType or LargeListType or FixedSizeListType => "a list",
        StructType or MapType => "an object",
        Date32Type or Date64Type => "a date",
        TimestampType => "a date with a time",
        Time32Type or Time64Type => "a time",
        DurationType or IntervalType => "a duration",
        FixedSizeBinaryType => "bytes",
        _ => $"of the type {type.Name}",
    };

    private delegate ReadOnlySpan<byte> BytesAt(int row);
}
