using System.Text.Json;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using ParquetSharp.Arrow;
using ParquetSharp.IO;

namespace LoraDrop.Engine.Data;

/// <summary>Reads Parquet. Texts are strings, or bytes stored without a string type; labels are strings, numbers of any width, decimals or
/// booleans. Columns are decoded separately, and only if needed.</summary>
/// <remarks>Texts that the file's schema marks as JSON are read as the values they encode, as in a row of JSONL.</remarks>
internal sealed class ParquetTable : TableReader
{
    private const string NotRead = "cannot be read as Parquet";

    /// <summary>A JSON cell has its own depth limit; the structs and lists around it are as deep as the schema.</summary>
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 512 };

    private static readonly string[] ConversationColumns = ["messages", "conversations"];

    private readonly Schema _schema;
    private readonly JsonMarks?[] _marks;
    private readonly List<string> _remarks = [];

    private ParquetTable(DataBytes bytes, Schema schema, JsonMarks?[] marks) : base(bytes)
    {
        (_schema, _marks) = (schema, marks);
        Conversations = HoldsConversations();
    }

    public override bool Conversations { get; }

    public override IEnumerable<string> Remarks => _remarks;

    /// <summary>Opens a file and reads its schema.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="faults">Receives the reason if it is not a Parquet file; the result is then null.</param>
    public static ParquetTable? Open(DataBytes bytes, DataFaults faults)
    {
        if (FaultIn(bytes) is { } fault)
        {
            faults.Add(fault);
            return null;
        }
        ParquetTable? table = null;
        if (Guarded(() =>
            {
                using var file = Reader(bytes);
                table = new(bytes, file.Schema, MarksOf(file));
            }) is { } why) faults.Add($"{NotRead}: {why}");
        return table;
    }

    public override bool IsUnnamed(string column) => column.StartsWith("__index_level_",
        StringComparison.Ordinal);   // pandas' name for an unnamed index

    public override void ReadCells(ICellSink to, ChatReading chat, DataFaults faults)
    {
        if (Conversations)
        {
            ConversationCells.Read(ReadObjects(faults), to, chat, faults);
            return;
        }
        var (leaf, any, broken) = (0, false, (string?)null);
        var json = new JsonCells(to);
        foreach (var (field, marks) in _schema.FieldsList.Zip(_marks))
        {
            int[] leaves = [.. Enumerable.Range(leaf, ArrowCells.LeavesOf(field.DataType))];
            leaf += leaves.Length;
            if (to.Begin(field.Name) is not { } column) continue;
            if (Guarded(() => ReadColumn(column, leaves, marks is { Marked: true } ? array => ArrowCells.JsonAdder(array, json)
                : ArrowCells.Adder)) is not { } why)
            {
                any = true;
                continue;
            }
            column.Refuse(why);
            broken ??= why;
        }
        if (broken is not null && !any)
        {
            faults.Add($"{NotRead}: {broken}");   // none of the needed columns can be read
            return;
        }
        if (Guarded(() =>
            {
                using var file = Reader(Bytes);
                to.Rows = checked((int)file.ParquetReader.FileMetaData.NumRows);
            }) is { } damaged) faults.Add($"{NotRead}: {damaged}");
    }

    public override IEnumerable<(RowPlace Place, JsonElement Row)> ReadObjects(DataFaults faults)
    {
        _remarks.Clear();
        var buffer = new MemoryStream();
        using var writer = new Utf8JsonWriter(buffer);
        using var rows = Batches().GetEnumerator();
        for (var row = 0; ;)
        {
            var there = false;
            if (Guarded(() => there = rows.MoveNext()) is { } why)
            {
                faults.Add($"{NotRead}: {why}");
                yield break;
            }
            if (!there) yield break;
            for (var i = 0; i < rows.Current.Length; i++)
            {
                buffer.SetLength(0);
                writer.Reset();
                var place = new RowPlace(++row);
                var whole = false;
                if (Guarded(() => whole = WriteRow(writer, rows.Current, i, place, faults)) is { } broken)
                {
                    faults.Add($"{place}", $"{NotRead}: {broken}");
                    yield break;
                }
                if (!whole) continue;
                writer.Flush();
                using var json = JsonDocument.Parse(buffer.GetBuffer().AsMemory(0, (int)buffer.Length), Deep);
                yield return (place, json.RootElement);
            }
        }
    }

    /// <summary>Whether rows are conversations: by the type of the messages, or if they are JSON, by the first row, as in JSONL.</summary>
    private bool HoldsConversations()
    {
        var names = _schema.FieldsList.Select(field => field.Name).ToHashSet();
        if (names.Contains(ChatLine.TextColumn) || names.Contains(ChatLine.LabelColumn)) return false;
        var messages = _schema.FieldsList.Zip(_marks).Where(column => ConversationColumns.Contains(column.First.Name)).ToArray();
        if (messages.Any(column => column.First.DataType is ListType or LargeListType or FixedSizeListType)) return true;
        return messages.Any(column => column.Second is { Marked: true }) && ReadObjects(new("")).Select(row => Conversation.Is(row.Row))
            .FirstOrDefault();
    }

    /// <summary>The JSON texts in each field: only the file's own schema records them.</summary>
    private static JsonMarks?[] MarksOf(FileReader file)
    {
        var (columns, next) = (file.ParquetReader.FileMetaData.Schema, 0);
        return [.. file.Schema.FieldsList.Select(field => JsonMarks.Of(field.DataType, () =>
            columns.Column(next++).LogicalType is ParquetSharp.JsonLogicalType))];
    }

    private IEnumerable<RecordBatch> Batches()
    {
        using var file = Reader(Bytes);
        using var batches = file.GetRecordBatchReader();
        while (Next(batches) is { } batch)
            using (batch) yield return batch;
    }

    /// <summary>Writes a row as an object.</summary>
    /// <returns>Whether it succeeded; otherwise a fault names the cell that is not valid JSON.</returns>
    private bool WriteRow(Utf8JsonWriter writer, RecordBatch batch, int row, RowPlace place, DataFaults faults)
    {
        writer.WriteStartObject();
        foreach (var (field, array, marks) in batch.Schema.FieldsList.Zip(batch.Arrays, _marks))
        {
            writer.WritePropertyName(field.Name);
            try
            {
                ArrowCells.Write(writer, array, row, marks);
            }
            catch (JsonException e)
            {
                faults.Add($"{place} column {field.Name}", e.Message);
                return false;
            }
        }
        writer.WriteEndObject();
        return true;
    }

    private void ReadColumn(CellColumn column, int[] leaves, Func<IArrowArray, Action<CellColumn, RowPlace, int>> adder)
    {
        using var file = Reader(Bytes);
        using var batches = file.GetRecordBatchReader(columns: leaves);
        while (Next(batches) is { } batch)
            using (batch)
            {
                var add = adder(batch.Column(0));
                for (var row = 0; row < batch.Length; row++) add(column, new(column.Cells + 1), row);
            }
    }

    private static RecordBatch? Next(IArrowArrayStream batches) => batches.ReadNextRecordBatchAsync().AsTask().GetAwaiter()
        .GetResult();   // reads a file, so it never waits

    private static FileReader Reader(DataBytes bytes) => new(new ManagedRandomAccessFile(bytes.Read(), leaveOpen: false));

    /// <summary>Runs an action that the native library may refuse; returns the reason, or null on success.</summary>
    private static string? Guarded(Action read)
    {
        try
        {
            read();
            return null;
        }
        catch (Exception e) when (e is ParquetSharp.ParquetException or InvalidDataException or NotSupportedException or ArgumentException
            or OverflowException or IOException || e.GetType() == typeof(Exception))
        {
            return e.Message.Split('\n')[0].Trim();   // errors of the library; those of a batch are plain exceptions
        }
    }

    private static string? FaultIn(DataBytes bytes)
    {
        using var stream = bytes.Read();
        Span<byte> mark = stackalloc byte[4];
        if (stream.ReadAtLeast(mark, mark.Length, throwOnEndOfStream: false) < mark.Length || !(mark.SequenceEqual("PAR1"u8)
            || mark.SequenceEqual("PARE"u8))) return "is not a Parquet file: it does not begin with PAR1";
        if (mark[3] == 'E') return "is an encrypted Parquet file: save it without encryption";
        stream.Position = Math.Max(0, bytes.Length - mark.Length);
        stream.ReadExactly(mark);
        if (bytes.Length < 12 || !mark.SequenceEqual("PAR1"u8))
            return "is cut off: a Parquet file ends with PAR1, with the places of its columns before that. Download or copy it again";
        return null;
    }
}
