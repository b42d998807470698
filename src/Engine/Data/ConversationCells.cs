using System.Text.Json;

namespace LoraDrop.Engine.Data;

/// <summary>Conversations as rows with the columns <c>text</c> and <c>label</c>, plus the fields beside the messages.</summary>
internal static class ConversationCells
{
    public static void Read(IEnumerable<(RowPlace Place, JsonElement Row)> rows, ICellSink to, ChatReading chat, DataFaults faults) =>
        Read(rows, new JsonCells(to), chat, faults);

    public static void Read(IEnumerable<(RowPlace Place, JsonElement Row)> rows, JsonCells cells, ChatReading chat, DataFaults faults)
    {
        foreach (var (place, row) in rows)
        {
            if (chat(row, place, faults) is not var (text, label)) continue;
            cells.AddText(ChatLine.TextColumn, text, place);
            cells.AddText(ChatLine.LabelColumn, label, place);
            cells.Add(row, place, Conversation.MessageFields(row));
        }
    }

    /// <summary>Reads a row before the task is known.</summary>
    public static (string Text, string Label)? AsAny(JsonElement row, RowPlace place, DataFaults faults) =>
        Conversation.Read(row, place, faults) is { } talk && ChatLine.Of(talk) is var line ? (line.Text, line.Label) : null;

    /// <summary>Reads rows for a classifier.</summary>
    /// <param name="otherFields">Receives the fields that classifiers do not use.</param>
    public static ChatReading AsLabelled(HashSet<string> otherFields) => (row, place, faults) =>
    {
        if (ChatLine.Read(row, place, faults) is not { } line) return null;
        otherFields.UnionWith(line.NotUsed);
        return (line.Text, line.Label);
    };
}
