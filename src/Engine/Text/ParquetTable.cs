using System.Text.Json;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using ParquetSharp.Arrow;
using ParquetSharp.IO;

namespace LoraDrop.Engine;

/// <summary>Reads Parquet. Texts are strings, also those that are stored as bytes without saying so; labels strings, numbers of any width, decimals or booleans. Each column is decoded by itself, and only
/// where somebody wants it.</summary>
internal sealed class ParquetTable : TableReader
{
    private const string NotRead = "cannot be read as Parquet";

    private static readonly string[] ConversationColumns = ["messages", "conversations"];

    private readonly Schema _schema;
    private readonly List<string> _remarks = [];

    private ParquetTable(DataBytes bytes, Schema schema) : base(bytes)
    {
        _schema = schema;
        var names = schema.FieldsList.Select(field => field.Name).ToHashSet();
        Conversations = !names.Contains(ChatLine.TextColumn) && !names.Contains(ChatLine.LabelColumn) && schema.FieldsList.Any(field => ConversationColumns.Contains(field.Name) && field.DataType is ListType or LargeListType or FixedSizeListType);
    }

    public override bool Conversations { get; }

    public override IEnumerable<string> Remarks => _remarks;

    /// <summary>Reads what the columns are.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="faults">Gets why it is no Parquet file; then the answer is null.</param>
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
                table = new(bytes, file.Schema);
            }) is { } why) faults.Add($"{NotRead}: {why}");
        return table;
    }

    public override bool IsUnnamed(string column) => column.StartsWith("__index_level_", StringComparison.Ordinal);   // pandas' name for an index that has none

    public override void ReadCells(ICellSink to, ChatReading chat, DataFaults faults)
    {
        if (Conversations)
        {
            ConversationCells.Read(ReadObjects(faults), to, chat, faults);
            return;
        }
        var (leaf, any, broken) = (0, false, (string?)null);
        foreach (var field in _schema.FieldsList)
        {
            int[] leaves = [.. Enumerable.Range(leaf, ArrowCells.LeavesOf(field.DataType))];
            leaf += leaves.Length;
            if (to.Begin(field.Name) is not { } column) continue;
            if (Guarded(() => ReadColumn(column, leaves)) is not { } why)
            {
                any = true;
                continue;
            }
            column.Refuse(why);
            broken ??= why;
        }
        if (broken is not null && !any)
        {
            faults.Add($"{NotRead}: {broken}");   // of what is wanted, nothing can be read
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
                if (Guarded(() => WriteRow(writer, rows.Current, i)) is { } broken)
                {
                    faults.Add($"{place}", $"{NotRead}: {broken}");
                    yield break;
                }
                writer.Flush();
                using var json = JsonDocument.Parse(buffer.GetBuffer().AsMemory(0, (int)buffer.Length));
                yield return (place, json.RootElement);
            }
        }
    }

    private IEnumerable<RecordBatch> Batches()
    {
        using var file = Reader(Bytes);
        using var batches = file.GetRecordBatchReader();
        while (Next(batches) is { } batch)
            using (batch) yield return batch;
    }

    private static void WriteRow(Utf8JsonWriter writer, RecordBatch batch, int row)
    {
        writer.WriteStartObject();
        foreach (var (field, array) in batch.Schema.FieldsList.Zip(batch.Arrays))
        {
            writer.WritePropertyName(field.Name);
            ArrowCells.Write(writer, array, row);
        }
        writer.WriteEndObject();
    }

    private void ReadColumn(CellColumn column, int[] leaves)
    {
        using var file = Reader(Bytes);
        using var batches = file.GetRecordBatchReader(columns: leaves);
        while (Next(batches) is { } batch)
            using (batch)
            {
                var add = ArrowCells.Adder(batch.Column(0));
                for (var row = 0; row < batch.Length; row++) add(column, new(column.Cells + 1), row);
            }
    }

    private static RecordBatch? Next(IArrowArrayStream batches) => batches.ReadNextRecordBatchAsync().AsTask().GetAwaiter().GetResult();   // from a file: nothing to wait for

    private static FileReader Reader(DataBytes bytes) => new(new ManagedRandomAccessFile(bytes.Read(), leaveOpen: false));

    /// <summary>Runs what the native library may refuse; null where it does not, else why.</summary>
    private static string? Guarded(Action read)
    {
        try
        {
            read();
            return null;
        }
        catch (Exception e) when (e is ParquetSharp.ParquetException or InvalidDataException or NotSupportedException or ArgumentException or OverflowException or IOException || e.GetType() == typeof(Exception))
        {
            return e.Message.Split('\n')[0].Trim();   // Arrow's errors come as these; those of a batch as plain exceptions
        }
    }

    private static string? FaultIn(DataBytes bytes)
    {
        using var stream = bytes.Read();
        Span<byte> mark = stackalloc byte[4];
        if (stream.ReadAtLeast(mark, mark.Length, throwOnEndOfStream: false) < mark.Length || !(mark.SequenceEqual("PAR1"u8) || mark.SequenceEqual("PARE"u8))) return "is not a Parquet file: it does not begin with PAR1";
        if (mark[3] == 'E') return "is an encrypted Parquet file: save it without encryption";
        stream.Position = Math.Max(0, bytes.Length - mark.Length);
        stream.ReadExactly(mark);
        if (bytes.Length < 12 || !mark.SequenceEqual("PAR1"u8)) return "is cut off: a Parquet file ends with PAR1, and where its columns are stands before that. Fetch or copy it again";
        return null;
    }
}
