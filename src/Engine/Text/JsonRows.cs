using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Engine;

/// <summary>Reads rows that are JSON objects: a line each (JSONL), or the items of one list. Texts are JSON strings, labels strings or numbers. Where the first row is a chat, all are (<see cref="ChatLine"/>).</summary>
internal sealed class JsonRows : ITableReader
{
    /// <summary>One object on every line.</summary>
    public static readonly JsonRows Lines = new(LinesOf);

    /// <summary>A list of objects; of DART's, each text of a triple set is a row.</summary>
    public static readonly JsonRows List = new(ItemsOf);

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private readonly Func<byte[], DataFaults, IEnumerable<(RowPlace Place, JsonElement Row)>> _rows;

    private JsonRows(Func<byte[], DataFaults, IEnumerable<(RowPlace, JsonElement)>> rows) => _rows = rows;

    public Table Read(byte[] bytes, IReadOnlyList<TaskColumns> choices, DataFaults faults)
    {
        TaskColumns? columns = null;
        var chat = false;
        var rows = new List<TableRow>();
        var notUsed = new HashSet<string>();
        foreach (var (place, json) in _rows(bytes, faults))
        {
            if (columns is null) chat = Conversation.Is(json);
            columns ??= Table.Choose(choices, chat ? ChatLine.Columns : [.. json.EnumerateObject().Select(p => p.Name)], faults);
            if (columns is null) return Table.Empty;   // the first row decides; the others would say the same again
            if ((chat ? ReadChat(json, columns, place, notUsed, faults) : ReadRow(json, columns, place, faults)) is { } row) rows.Add(row);
        }
        return new Table(columns, rows) { NotUsed = [.. notUsed] };
    }

    public void ReadAll(byte[] bytes, ICellSink to, DataFaults faults)
    {
        IReadOnlyList<CellColumn>? columns = null;
        var chat = false;
        foreach (var (place, json) in _rows(bytes, faults))
        {
            if (columns is null) chat = Conversation.Is(json);
            columns ??= to.Begin(chat ? ChatLine.Columns : [.. json.EnumerateObject().Select(p => p.Name)], header: true);
            if (chat) ReadChat(json, columns, place, faults);
            else ReadRow(json, columns, place, faults);
        }
    }

    /// <summary>Every row as it stands; the element lasts until the next is asked for.</summary>
    public IEnumerable<(RowPlace Place, JsonElement Row)> Rows(byte[] bytes, DataFaults faults) => _rows(bytes, faults);

    private static IEnumerable<(RowPlace, JsonElement)> LinesOf(byte[] bytes, DataFaults faults)
    {
        foreach (var (index, line) in Utf8Text.Lines(bytes, faults).Index())
        {
            var place = new RowPlace(index + 1, index + 1);
            using var document = Parse(line, place, faults);
            if (document is not null) yield return (place, document.RootElement);
        }
    }

    private static IEnumerable<(RowPlace, JsonElement)> ItemsOf(byte[] bytes, DataFaults faults)
    {
        using var document = ParseList(Utf8Text.Decode(bytes, faults), faults);
        if (document is null) yield break;
        var row = 0;
        foreach (var (index, item) in document.RootElement.EnumerateArray().Index())
        {
            if (item.ValueKind != JsonValueKind.Object) faults.Add($"item {index + 1}", $"must be a JSON object; it is {Named(item)}");
            else if (!DartEntry.Is(item)) yield return (new RowPlace(++row), item);
            else foreach (var text in DartEntry.Rows(item, $"item {index + 1}", faults)) yield return (new RowPlace(++row), text);
        }
    }

    private static JsonDocument? ParseList(string text, DataFaults faults)
    {
        try
        {
            var document = JsonDocument.Parse(text, Strict);
            if (document.RootElement.ValueKind == JsonValueKind.Array) return document;
            faults.Add($"must be a list of objects; it is {Named(document.RootElement)}. One object on every line is .jsonl");
            document.Dispose();
        }
        catch (JsonException e)
        {
            faults.Add($"line {e.LineNumber + 1}", $"is not JSON: {e.Message.Split(" LineNumber:")[0]} (byte {e.BytePositionInLine + 1} of the line)");
        }
        return null;
    }

    private static JsonDocument? Parse(string line, RowPlace place, DataFaults faults)
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
            faults.Add($"{place}", $"is not JSON: {e.Message.Split(" LineNumber:")[0]} (byte {e.BytePositionInLine + 1} of the line)");
        }
        return null;
    }

    private static TableRow? ReadChat(JsonElement json, TaskColumns columns, RowPlace place, HashSet<string> notUsed, DataFaults faults)
    {
        if (ChatLine.Read(json, place, faults) is not { } line) return null;
        notUsed.UnionWith(line.NotUsed);
        string Cell(string column) => column == ChatLine.LabelColumn ? line.Label : line.Text;
        return new(place, Cell(columns.First), columns.Second is null ? null : Cell(columns.Second), Cell(columns.Label));
    }

    private static void ReadChat(JsonElement json, IReadOnlyList<CellColumn> columns, RowPlace place, DataFaults faults)
    {
        if (Conversation.Read(json, place, faults) is not { } conversation) return;
        var line = ChatLine.Of(conversation);
        columns[0].Add(place, line.Text, ColumnType.Text);
        columns[1].Add(place, line.Label, ColumnType.Text);
    }

    private static TableRow? ReadRow(JsonElement json, TaskColumns columns, RowPlace place, DataFaults faults)
    {
        var first = Cell(columns.First, numbers: false);
        var second = columns.Second is null ? null : Cell(columns.Second, numbers: false);
        var label = Cell(columns.Label, numbers: true);
        return first is null || label is null || (second is null && columns.Second is not null) ? null : new TableRow(place, first, second, label);

        string? Cell(string column, bool numbers)
        {
            var (text, fault) = json.TryGetProperty(column, out var value) ? CellOf(value, numbers) : (null, "is missing");
            if (fault is not null) faults.Add($"{place} column {column}", fault);
            return text;
        }
    }

    /// <summary>Every row has the fields of the first.</summary>
    private static void ReadRow(JsonElement json, IReadOnlyList<CellColumn> columns, RowPlace place, DataFaults faults)
    {
        var there = 0;
        foreach (var column in columns)
        {
            var (text, fault) = !json.TryGetProperty(column.Name, out var value) ? (null, "is missing")
                : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? (value.GetRawText(), null)
                : CellOf(value, numbers: true);
            if (fault is not null) faults.Add($"{place} column {column.Name}", fault);
            if (value.ValueKind != JsonValueKind.Undefined) there++;
            column.Add(place, text ?? "", TypeOf(value));
        }
        if (there == json.GetPropertyCount()) return;
        foreach (var more in json.EnumerateObject().Where(p => columns.All(column => column.Name != p.Name))) faults.Add($"{place} column {more.Name}", "is not in the first row");
    }

    private static ColumnType? TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => ColumnType.Text,
        JsonValueKind.Number => value.TryGetInt64(out _) ? ColumnType.Whole : ColumnType.Number,
        JsonValueKind.True or JsonValueKind.False => ColumnType.Boolean,
        _ => null,
    };

    private static (string? Text, string? Fault) CellOf(JsonElement value, bool numbers) => value.ValueKind switch
    {
        JsonValueKind.Null => ("", null),
        JsonValueKind.String => TextOf(value) is { } text ? (text, null) : (null, "holds half of a surrogate pair"),
        JsonValueKind.Number when numbers => (value.TryGetInt64(out var whole) ? $"{whole}" : $"{value.GetDouble()}", null),
        _ => (null, $"must be a text{(numbers ? " or a number" : "")}; it is {Named(value)}"),
    };

    private static string? TextOf(JsonElement value)
    {
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)   // an escape such as \ud800 is JSON, but no character
        {
            return null;
        }
    }

    private static string Named(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };
}
