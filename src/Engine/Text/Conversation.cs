using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraDrop.Engine;

/// <summary>A message of a conversation.</summary>
/// <param name="Role"><c>system</c>, <c>user</c>, <c>assistant</c>, <c>tool</c>, ….</param>
/// <param name="Content">What it says; empty for a call of a tool.</param>
/// <param name="Fields">The message as a chat template gets it, with whatever else it holds (<c>tool_calls</c>, <c>name</c>).</param>
/// <param name="Learnt">Whether it is learnt: an assistant's, unless its <c>weight</c> is 0.</param>
public sealed record ChatMessage(string Role, string Content, JsonObject Fields, bool Learnt)
{
    public static ChatMessage Of(string role, string content) => new(role, content, new() { ["role"] = role, ["content"] = content }, role == "assistant");
}

/// <summary>Rows that are conversations, in the three forms that are about: OpenAI's <c>messages</c>, ShareGPT's <c>conversations</c>, Alpaca's <c>instruction</c>, <c>input</c> and <c>output</c>.</summary>
internal static class Conversation
{
    private const string Messages = "messages", ShareGpt = "conversations";

    private static readonly string[] Roles = ["system", "developer", "user", "assistant", "tool"];

    private static readonly Dictionary<string, string> RolesOfShareGpt = new()
    {
        ["human"] = "user", ["user"] = "user", ["gpt"] = "assistant", ["assistant"] = "assistant", ["system"] = "system", ["tool"] = "tool",
    };

    /// <summary>Whether a row holds messages, and neither a text nor a label beside them.</summary>
    public static bool Is(JsonElement row) => ChatLine.Is(row) || row.TryGetProperty(ShareGpt, out var turns) && turns.ValueKind == JsonValueKind.Array;

    /// <summary>The name of the field that holds a row's messages.</summary>
    public static string MessagesIn(JsonElement row) => row.TryGetProperty(ShareGpt, out _) ? ShareGpt : Messages;

    /// <summary>Reads a row in any of the forms; every fault names row and message. Null with one.</summary>
    public static IReadOnlyList<ChatMessage>? Read(JsonElement row, RowPlace place, DataFaults faults)
    {
        if (row.TryGetProperty("instruction", out _) && row.TryGetProperty("output", out _)) return Alpaca(row, place, faults);
        var field = row.TryGetProperty(ShareGpt, out _) ? ShareGpt : Messages;
        if (!row.TryGetProperty(field, out var list) || list.ValueKind != JsonValueKind.Array)
        {
            faults.Add($"{place} {Messages}", "must be a list of messages (or there is a list conversations, or instruction and output)");
            return null;
        }
        var before = faults.Count;
        ChatMessage?[] said = [.. list.EnumerateArray().Select((message, i) => field == Messages ? Message(message, $"{place} {field}[{i}]", faults) : Turn(message, $"{place} {field}[{i}]", faults))];
        if (faults.Count > before) return null;
        ChatMessage[] messages = [.. said.OfType<ChatMessage>()];
        if (messages.Length < 2) faults.Add($"{place} {field}", "must have a message to answer, and the answer");
        else if (messages[^1].Role != "assistant") faults.Add($"{place} {field}[{messages.Length - 1}]", "must be of the assistant: the last message is an answer");
        else if (!messages.Any(message => message.Learnt)) faults.Add($"{place} {field}", "has no answer that is learnt: each has the weight 0");
        else return messages;
        return null;
    }

    private static ChatMessage? Message(JsonElement message, string at, DataFaults faults)
    {
        if (message.ValueKind != JsonValueKind.Object)
        {
            faults.Add(at, "must be an object with role and content");
            return null;
        }
        if (TextIn(message, "role") is not { } role || !Roles.Contains(role))
        {
            faults.Add($"{at}.role", $"must be one of {string.Join(", ", Roles)}");
            return null;
        }
        var content = ContentOf(message);
        if (string.IsNullOrWhiteSpace(content) && !message.TryGetProperty("tool_calls", out _))
        {
            faults.Add($"{at}.content", "must be a text that is not empty, or a list of parts of the type text");
            return null;
        }
        var learnt = role == "assistant" && !(message.TryGetProperty("weight", out var weight) && weight.ValueKind == JsonValueKind.Number && weight.GetDouble() == 0);
        var fields = JsonNode.Parse(message.GetRawText())!.AsObject();
        fields.Remove("weight");
        fields["content"] = content;
        try
        {
            JinjaValue.From(fields); // reads every text
        }
        catch (InvalidOperationException) // an escape such as \ud800 is JSON, but no character
        {
            faults.Add(at, "holds half of a surrogate pair");
            return null;
        }
        return new(role, content ?? "", fields, learnt);
    }

    private static ChatMessage? Turn(JsonElement turn, string at, DataFaults faults)
    {
        if (turn.ValueKind != JsonValueKind.Object || TextIn(turn, "from") is not { } from || !RolesOfShareGpt.TryGetValue(from, out var role))
            faults.Add($"{at}.from", $"must be one of {string.Join(", ", RolesOfShareGpt.Keys)}");
        else if (TextIn(turn, "value") is not { } value || string.IsNullOrWhiteSpace(value)) faults.Add($"{at}.value", "must be a text that is not empty");
        else return ChatMessage.Of(role, value);
        return null;
    }

    private static ChatMessage[]? Alpaca(JsonElement row, RowPlace place, DataFaults faults)
    {
        var (instruction, output) = (TextIn(row, "instruction"), TextIn(row, "output"));
        if (string.IsNullOrWhiteSpace(instruction)) faults.Add($"{place} instruction", "must be a text that is not empty");
        else if (string.IsNullOrWhiteSpace(output)) faults.Add($"{place} output", "must be a text that is not empty");
        else return [ChatMessage.Of("user", TextIn(row, "input") is { Length: > 0 } input ? $"{instruction}\n\n{input}" : instruction), ChatMessage.Of("assistant", output)];
        return null;
    }

    /// <summary>A text, or a list of parts that are texts; null for what is neither.</summary>
    private static string? ContentOf(JsonElement message)
    {
        if (!message.TryGetProperty("content", out var content)) return null;
        if (content.ValueKind == JsonValueKind.String) return TextIn(message, "content");
        if (content.ValueKind != JsonValueKind.Array) return null;
        string?[] parts = [.. content.EnumerateArray().Select(part => part.ValueKind == JsonValueKind.Object && TextIn(part, "type") == "text" ? TextIn(part, "text") : null)];
        return parts.Contains(null) ? null : string.Concat(parts);
    }

    /// <summary>The text of a field, or null where it is none, or holds an escape (<c>\ud800</c>) that is no character.</summary>
    private static string? TextIn(JsonElement json, string name)
    {
        try
        {
            return json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
