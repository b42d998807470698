using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Engine;

/// <summary>Reads JSONL: one JSON object on every line. Texts are JSON strings, labels strings or numbers.</summary>
internal sealed class JsonLines : ITableReader
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    public Table Read(byte[] bytes, IReadOnlyList<TaskColumns> choices, DataFaults faults)
    {
        TaskColumns? columns = null;
        var rows = new List<TableRow>();
        foreach (var (index, line) in Utf8Text.Lines(bytes, faults).Index())
        {
            var place = new RowPlace(index + 1, index + 1);
            using var document = Parse(line, place, faults);
            if (document is null) continue;
            columns ??= Table.Choose(choices, [.. document.RootElement.EnumerateObject().Select(p => p.Name)], faults);
            if (columns is null) return Table.Empty;   // the first row decides; the others would say the same again
            if (ReadRow(document.RootElement, columns, place, faults) is { } row) rows.Add(row);
        }
        return new Table(columns, rows);
    }

    public void ReadAll(byte[] bytes, SplitTally to, DataFaults faults)
    {
        IReadOnlyList<ColumnTally>? columns = null;
        foreach (var (index, line) in Utf8Text.Lines(bytes, faults).Index())
        {
            var place = new RowPlace(index + 1, index + 1);
            using var document = Parse(line, place, faults);
            if (document is null) continue;
            columns ??= to.Begin([.. document.RootElement.EnumerateObject().Select(p => p.Name)], header: true);
            ReadRow(document.RootElement, columns, place, faults);
        }
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
    private static void ReadRow(JsonElement json, IReadOnlyList<ColumnTally> columns, RowPlace place, DataFaults faults)
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
