using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace LoraDrop.Engine.Data;

/// <summary>Reads rows that are JSON objects: one per line (JSONL), or the items of one list.</summary>
/// <remarks>A <c>.json</c> file that begins with an object is read as JSONL: DuckDB and <c>datasets</c> use that extension for
/// it.</remarks>
internal sealed class JsonRows : TableReader
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private static readonly JsonSerializerOptions StrictItems = new() { AllowDuplicateProperties = false };

    private readonly bool _list;

    public JsonRows(DataBytes bytes, bool list) : base(bytes)
    {
        _list = list && !BeginsWithLines();
        foreach (var (_, row) in ReadObjects(new("")))
        {
            Conversations = Conversation.Is(row);
            if (IsOfColumns(row)) Refusal =
                "is a table by columns, as pandas' to_json() writes it by default: write it with orient=\"records\", lines=True";
            break;
        }
    }

    public override bool Conversations { get; }

    public override string? Refusal { get; }

    public override void ReadCells(ICellSink to, ChatReading chat, DataFaults faults)
    {
        if (Conversations && !_list && chat == ConversationCells.AsAny) ReadConversations(new JsonCells(to), faults);
        else if (Conversations) ConversationCells.Read(ReadObjects(faults), to, chat, faults);
        else if (_list)
        {
            var cells = new JsonCells(to);
            foreach (var (place, row) in ReadObjects(faults)) Add(cells, JsonMarshal.GetRawUtf8Value(row), place, faults);
        }
        else ReadLines(new JsonCells(to), faults);
    }

    public override IEnumerable<(RowPlace Place, JsonElement Row)> ReadObjects(DataFaults faults) => _list ? Items(faults)
        : Objects(faults);

    private void ReadLines(JsonCells cells, DataFaults faults)
    {
        using var stream = Bytes.Read();
        foreach (var (number, line) in Utf8Text.Lines(stream, faults))
        {
            var place = new RowPlace(number, number);
            var begins = line.Span.IndexOfAnyExcept(" \t\r"u8);
            if (begins >= 0 && line.Span[begins] == '{') Add(cells, line.Span, place, faults);
            else Parse(line, place, faults)?.Dispose();   // a fault, which it reports
        }
    }

    private void ReadConversations(JsonCells cells, DataFaults faults)
    {
        var plain = new PlainConversation();
        using var stream = Bytes.Read();
        foreach (var (number, line) in Utf8Text.Lines(stream, faults))
        {
            var place = new RowPlace(number, number);
            if (plain.TryRead(line.Span))
            {
                cells.Add(plain, line.Span, place);
                continue;
            }
            using var document = Parse(line, place, faults);
            if (document is not null) ConversationCells.Read([(place, document.RootElement)], cells, ConversationCells.AsAny, faults);
        }
    }

    private IEnumerable<(RowPlace, JsonElement)> Objects(DataFaults faults)
    {
        using var stream = Bytes.Read();
        foreach (var (number, line) in Utf8Text.Lines(stream, faults))
        {
            var place = new RowPlace(number, number);
            using var document = Parse(line, place, faults);
            if (document is not null) yield return (place, document.RootElement);
        }
    }

    private IEnumerable<(RowPlace, JsonElement)> Items(DataFaults faults)
    {
        var (row, index) = (0, 0);
        foreach (var item in ItemsOf(faults))
        {
            index++;
            if (item.ValueKind != JsonValueKind.Object) faults.Add($"item {index}", $"must be a JSON object; it is {Named(item)}");
            else if (!DartEntry.Is(item)) yield return (new RowPlace(++row), item);
            else foreach (var text in DartEntry.Rows(item, $"item {index}", faults)) yield return (new RowPlace(++row), text);
        }
    }

    /// <summary>The items of the list, each parsed on demand.</summary>
    private IEnumerable<JsonElement> ItemsOf(DataFaults faults)
    {
        using var stream = new Utf8Stream(Bytes.Read(), faults);
        var first = new byte[1 << 16];
        var head = first.AsMemory(0, stream.Read(first));
        var begins = head.Span.IndexOfAnyExcept(" \t\r\n"u8);
        if (begins >= 0 && head.Span[begins] != '[')
        {
            faults.Add($"must be a list of objects; it begins with {Encoding.UTF8.GetString(head.Span.Slice(begins, 1))}. "
                + "One object on every line is .jsonl; pandas writes either with orient=\"records\"");
            yield break;
        }
        using var all = new Continued(head, stream);
        using var items = JsonSerializer.DeserializeAsyncEnumerable<JsonElement>(all, StrictItems).ToBlockingEnumerable().GetEnumerator();
        while (true)
        {
            var fault = Next(items, out var there);
            if (fault is not null)
            {
                faults.Add($"line {fault.LineNumber + 1}",
                    $"is not JSON: {Words(fault)} (byte {fault.BytePositionInLine + 1} of the line)");
                yield break;
            }
            if (!there) yield break;
            yield return items.Current;
        }
    }

    /// <summary>Whether each member is a column: an object with a value for each row.</summary>
    private static bool IsOfColumns(JsonElement row) => row.EnumerateObject().Any() && row.EnumerateObject().All(column =>
        column.Value.ValueKind == JsonValueKind.Object && column.Value.TryGetProperty("0", out _));

    private static JsonException? Next(IEnumerator<JsonElement> items, out bool there)
    {
        there = false;
        try
        {
            there = items.MoveNext();
            return null;
        }
        catch (JsonException e)
        {
            return e;
        }
    }

    /// <summary>Whether the file begins with an object that ends on its first line.</summary>
    private bool BeginsWithLines()
    {
        using var stream = Bytes.Read();
        foreach (var (_, line) in Utf8Text.Lines(stream, new("")))
        {
            if (line.Length == 0) continue;
            using var document = Parse(line, default, new(""));
            return document is not null;
        }
        return false;
    }

    private static void Add(JsonCells cells, ReadOnlySpan<byte> row, RowPlace place, DataFaults faults)
    {
        try
        {
            cells.Add(row, place);
        }
        catch (JsonException e)
        {
            faults.Add($"{place}", NotJson(e));
        }
    }

    private static JsonDocument? Parse(ReadOnlyMemory<byte> line, RowPlace place, DataFaults faults)
    {
        try
        {
            var document = JsonDocument.Parse(line, Strict);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
            faults.Add($"{place}", $"must be a JSON object; it is {Named(document.RootElement)}");
            document.Dispose();
        }
        catch (JsonException e)
        {
            faults.Add($"{place}", NotJson(e));
        }
        return null;
    }

    private static string NotJson(JsonException e) => $"is not JSON: {Words(e)} (byte {e.BytePositionInLine + 1} of the line)";

    /// <summary>The parser's message without the position.</summary>
    internal static string Words(JsonException e) => e.Message.Split(" LineNumber:")[0].Split(" Path:")[0];

    private static string Named(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };

    /// <summary>The bytes already read, followed by the rest.</summary>
    private sealed class Continued(ReadOnlyMemory<byte> first, Stream rest) : ForwardStream
    {
        private ReadOnlyMemory<byte> _first = first;

        public override int Read(Span<byte> buffer)
        {
            if (_first.IsEmpty) return rest.Read(buffer);
            var read = Math.Min(buffer.Length, _first.Length);
            _first.Span[..read].CopyTo(buffer);
            _first = _first[read..];
            return read;
        }
    }
}
