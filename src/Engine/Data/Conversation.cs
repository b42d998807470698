using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraDrop.Engine.Data;

/// <summary>A message of a conversation.</summary>
/// <param name="Role"><c>system</c>, <c>developer</c>, <c>user</c>, <c>assistant</c> or <c>tool</c>.</param>
/// <param name="Content">Its text, parts joined; empty for a call without text.</param>
/// <param name="Fields">The message as a chat template gets it, with whatever else it holds (<c>tool_calls</c>, <c>name</c>).</param>
/// <param name="Learnt">Whether it is learnt: an assistant's, unless its <c>weight</c> is 0.</param>
public sealed record ChatMessage(string Role, string Content, JsonObject Fields, bool Learnt)
{
    internal const string ToolCalls = "tool_calls";

    public static ChatMessage Of(string role, string content) =>
        new(role, content, new() { ["role"] = role, ["content"] = content }, role == "assistant");

    /// <summary>The calls of tools that it makes, as OpenAI writes them but with arguments as objects; null where it makes none.</summary>
    public JsonArray? Calls => Fields[ToolCalls] as JsonArray;

    /// <summary>The names of the functions that it calls.</summary>
    internal IEnumerable<string> Called => (Calls ?? []).Select(call => call!["function"]!["name"]!.GetValue<string>());

    /// <summary>Its path in the row, for faults: <c>messages[2]</c>.</summary>
    internal string At { get; init; } = "";

    /// <summary>The message as text, where no template says how a call is written.</summary>
    internal string Shown => Calls is null ? Content : string.Join('\n',
        Calls.Select(call => JinjaJson.Of(JinjaValue.From(call!["function"]))).Prepend(Content).Where(part => part.Length > 0));
}

/// <summary>A row that is a conversation, and what a chat template gets with it.</summary>
/// <param name="Messages">The messages; of a row to learn from, the last is the assistant's.</param>
public sealed record Conversation(IReadOnlyList<ChatMessage> Messages)
{
    /// <summary>The tools that may be called, each <c>{"type": "function", "function": {…}}</c>; null: none.</summary>
    public JsonArray? Tools { get; init; }

    /// <summary>Other variables of the chat template.</summary>
    public JsonObject Variables { get; init; } = [];

    /// <summary>Further fields of the row. Those that the chat template reads become <see cref="Variables"/>; the others are not
    /// used.</summary>
    public JsonObject Others { get; init; } = [];

    /// <summary>Null members of schemas and arguments that were left out, in a row that was written from columns.</summary>
    internal int Padding { get; init; }

    /// <summary>The first messages, with all that belongs to the conversation.</summary>
    public Conversation Until(int count) => this with { Messages = [.. Messages.Take(count)] };

    /// <summary>Fields of messages that a reader does not read, by path: <c>messages[].name</c>.</summary>
    internal IEnumerable<string> NotRead(Func<string, bool> reads) =>
        Messages.SelectMany(message => message.Fields.Select(field => field.Key).Where(field => !reads(field))
            .Select(field => $"{message.At.Split('[')[0]}[].{field}")).Distinct();

    /// <summary>The conversation with an answer that is still empty.</summary>
    public Conversation Unanswered() => this with { Messages = [.. Messages, ChatMessage.Of("assistant", "")] };

    /// <summary>The key of a prompt: everything that a template sees before the answer.</summary>
    internal string Key => string.Join('\u001f',
        [.. Messages.SkipLast(1).Select(message => message.Fields.ToJsonString()), Tools?.ToJsonString(), Variables.ToJsonString()]);

    /// <summary>Whether a row is a conversation by its looks: a list of messages, and neither a text nor a label beside it.</summary>
    internal static bool Is(JsonElement row) => ConversationReader.Is(row);

    /// <summary>The names of the fields that a row's messages come from.</summary>
    internal static IReadOnlyList<string> MessageFields(JsonElement row) => ConversationReader.MessageFields(row);

    /// <summary>Reads a row in any of the forms; every fault names row and message. Null with one.</summary>
    /// <param name="row">The row.</param>
    /// <param name="place">Where it is.</param>
    /// <param name="faults">Gets what is wrong with it.</param>
    /// <param name="answered">Whether the assistant has answered; else the answer is still to come.</param>
    internal static Conversation? Read(JsonElement row, RowPlace place, DataFaults faults, bool answered = true) =>
        new ConversationReader(place, faults, answered).Read(row);
}
