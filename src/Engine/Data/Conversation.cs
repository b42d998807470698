using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraDrop.Engine.Data;

/// <summary>A message of a conversation.</summary>
/// <param name="Role"><c>system</c>, <c>developer</c>, <c>user</c>, <c>assistant</c> or <c>tool</c>.</param>
/// <param name="Content">Its text, parts joined; empty for a call without text.</param>
/// <param name="Fields">The message as passed to a chat template, with any further fields (<c>tool_calls</c>, <c>name</c>).</param>
/// <param name="Learnt">Whether it is trained on: an assistant's message, unless its <c>weight</c> is 0.</param>
public sealed record ChatMessage(string Role, string Content, JsonObject Fields, bool Learnt)
{
    internal const string ToolCalls = "tool_calls";

    public static ChatMessage Of(string role, string content) =>
        new(role, content, new() { ["role"] = role, ["content"] = content }, role == "assistant");

    /// <summary>Its tool calls in OpenAI's form, but with arguments as objects; null if it has none.</summary>
    public JsonArray? Calls => Fields[ToolCalls] as JsonArray;

    /// <summary>The names of the functions that it calls.</summary>
    internal IEnumerable<string> Called => (Calls ?? []).Select(call => call!["function"]!["name"]!.GetValue<string>());

    /// <summary>Its path in the row, used in faults: <c>messages[2]</c>.</summary>
    internal string At { get; init; } = "";

    /// <summary>The message as text, when no template defines the form of a call.</summary>
    internal string Shown => Calls is null ? Content : string.Join('\n',
        Calls.Select(call => JinjaJson.Of(JinjaValue.From(call!["function"]))).Prepend(Content).Where(part => part.Length > 0));
}

/// <summary>A row that is a conversation, with everything passed to the chat template.</summary>
/// <param name="Messages">The messages; in training rows the last is the assistant's.</param>
public sealed record Conversation(IReadOnlyList<ChatMessage> Messages)
{
    /// <summary>The available tools, each <c>{"type": "function", "function": {…}}</c>, or null.</summary>
    public JsonArray? Tools { get; init; }

    /// <summary>Other variables of the chat template.</summary>
    public JsonObject Variables { get; init; } = [];

    /// <summary>Further fields of the row. Those that the chat template reads become <see cref="Variables"/>; the others are
    /// unused.</summary>
    public JsonObject Others { get; init; } = [];

    /// <summary>Number of null members removed from schemas and arguments, in a row written from columns.</summary>
    internal int Padding { get; init; }

    /// <summary>The first messages, with everything else in the conversation.</summary>
    public Conversation Until(int count) => this with { Messages = [.. Messages.Take(count)] };

    /// <summary>Fields of messages that a reader ignores, by path: <c>messages[].name</c>.</summary>
    internal IEnumerable<string> NotRead(Func<string, bool> reads) =>
        Messages.SelectMany(message => message.Fields.Select(field => field.Key).Where(field => !reads(field))
            .Select(field => $"{message.At.Split('[')[0]}[].{field}")).Distinct();

    /// <summary>The conversation with an empty answer appended.</summary>
    public Conversation Unanswered() => this with { Messages = [.. Messages, ChatMessage.Of("assistant", "")] };

    /// <summary>The key of a prompt: everything a template sees before the answer.</summary>
    internal string Key => string.Join('\u001f',
        [.. Messages.SkipLast(1).Select(message => message.Fields.ToJsonString()), Tools?.ToJsonString(), Variables.ToJsonString()]);

    /// <summary>Whether a row looks like a conversation: a list of messages, with neither a text nor a label beside it.</summary>
    internal static bool Is(JsonElement row) => ConversationReader.Is(row);

    /// <summary>The names of the fields that a row's messages are read from.</summary>
    internal static IReadOnlyList<string> MessageFields(JsonElement row) => ConversationReader.MessageFields(row);

    /// <summary>Reads a row in any supported form; every fault names row and message. Null if there is a fault.</summary>
    /// <param name="row">The row.</param>
    /// <param name="place">Its place in the file.</param>
    /// <param name="faults">Receives its faults.</param>
    /// <param name="answered">Whether the conversation includes the assistant's answer.</param>
    internal static Conversation? Read(JsonElement row, RowPlace place, DataFaults faults, bool answered = true) =>
        new ConversationReader(place, faults, answered).Read(row);
}
