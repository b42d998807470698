using System.Text.Json;

namespace LoraDrop.Engine.Data;

/// <summary>A conversation as input to a classifier: the assistant's last message is the label, and all earlier messages, joined, are the
/// text.</summary>
/// <remarks>A file written for a chat model that answers with a class therefore trains an encoder unchanged. A tool call cannot be a class,
/// so it is a fault.</remarks>
internal sealed record ChatLine(string Text, string Label)
{
    public const string TextColumn = "text", LabelColumn = "label";

    public static IReadOnlyList<string> Columns { get; } = [TextColumn, LabelColumn];

    /// <summary>Other fields of the row, unused by classifiers, by path: <c>id</c>, <c>messages[].name</c>.</summary>
    public IReadOnlyList<string> NotUsed { get; private init; } = [];

    /// <summary>Reads a row; every fault names row, line and message. Null if there is a fault.</summary>
    public static ChatLine? Read(JsonElement row, RowPlace place, DataFaults faults)
    {
        if (Conversation.Read(row, place, faults) is not { } talk) return null;
        var calls = talk.Messages.Where(message => message.Calls is not null).ToArray();
        foreach (var call in calls) faults.Add($"{place} {call.At}.{ChatMessage.ToolCalls}", "is no class: a classifier calls no tools");
        var label = talk.Messages[^1];
        if (!label.Learnt) faults.Add($"{place} {label.At}.weight", "must not be 0 on the last message: it is the label");
        return calls.Length > 0 || !label.Learnt ? null : Of(talk) with { NotUsed = [.. Besides(talk)] };
    }

    private static IEnumerable<string> Besides(Conversation talk)
    {
        if (talk.Tools is not null) yield return "tools";
        if (talk.Variables.Count > 0) yield return "chat_template_kwargs";
        foreach (var (name, _) in talk.Others) yield return name;
        foreach (var name in talk.NotRead(field => field is "role" or "content")) yield return name;
    }

    /// <summary>A conversation as text and label; calls are shown as JSON.</summary>
    public static ChatLine Of(Conversation talk) =>
        new(string.Join('\n', talk.Messages.SkipLast(1).Select(message => message.Shown)), talk.Messages[^1].Shown);
}
