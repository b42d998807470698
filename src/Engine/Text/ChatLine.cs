using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Engine;

/// <summary>A line of a chat file, as OpenAI's fine-tuning takes them: <c>{"messages": [{"role": …, "content": …}, …]}</c>. A classifier reads it as a text and its label.</summary>
/// <remarks>
/// The label is what the assistant says last; the text is all that was said before, one message after the other. So a file that was written for a chat model
/// that answers with a class trains an encoder as it stands. What no class can be (a call of a tool, a picture) is a fault.
/// </remarks>
internal sealed record ChatLine(string Text, string Label)
{
    public const string TextColumn = "text", LabelColumn = "label";

    private const string Messages = "messages";

    private static readonly string[] Roles = ["system", "developer", "user", "assistant"];

    public static IReadOnlyList<string> Columns { get; } = [TextColumn, LabelColumn];

    /// <summary>Whether a line means to be one: it has messages, and neither a text nor a label beside them.</summary>
    public static bool Is(JsonElement line) => line.TryGetProperty(Messages, out var messages) && messages.ValueKind == JsonValueKind.Array && !line.TryGetProperty(TextColumn, out _) && !line.TryGetProperty(LabelColumn, out _);

    /// <summary>Reads a line; every fault names row, line and message. Null with one.</summary>
    public static ChatLine? Read(JsonElement line, RowPlace place, DataFaults faults)
    {
        if (!line.TryGetProperty(Messages, out var messages) || messages.ValueKind != JsonValueKind.Array)
        {
            faults.Add($"{place} {Messages}", "must be a list of messages, as in the first row");
            return null;
        }
        var any = false;
        void Refuse(string at, string message)
        {
            any = true;
            faults.Add($"{place} {at}", message);
        }
        foreach (var other in line.EnumerateObject().Where(field => field.Name != Messages)) Refuse(PlainText.Shown(other.Name), "is not a field of a chat line: a classifier learns from messages alone");
        var said = messages.EnumerateArray().Select((message, i) => Read(message, $"{Messages}[{i}]", Refuse)).ToList();
        if (said.Count == 0 || !said.Exists(message => message.Role == "assistant")) Refuse(Messages, "must have a message of the assistant: its content is the label");
        else if (said[^1].Role != "assistant") Refuse($"{Messages}[{said.Count - 1}]", "must be of the assistant: the last message is the label");
        else if (said.Count == 1) Refuse(Messages, "must have a message before the assistant's last: it is the text");
        return any ? null : new(string.Join('\n', said[..^1].Select(message => message.Content)), said[^1].Content);
    }

    private static (string? Role, string Content) Read(JsonElement message, string at, Action<string, string> refuse)
    {
        if (message.ValueKind != JsonValueKind.Object)
        {
            refuse(at, "must be an object with role and content");
            return (null, "");
        }
        foreach (var other in message.EnumerateObject().Where(field => field.Name is not ("role" or "content" or "name" or "weight")))
            refuse($"{at}.{PlainText.Shown(other.Name)}", other.Name is "tool_calls" or "function_call" ? "is no class: a classifier calls no tools" : "is not a field of a message; there are role, content, name and weight");
        var role = message.TryGetProperty("role", out var written) && written.ValueKind == JsonValueKind.String ? TextOf(written) : null;
        if (role is null || !Roles.Contains(role))
        {
            refuse($"{at}.role", $"must be one of {string.Join(", ", Roles)}");
            role = null;
        }
        if (message.TryGetProperty("weight", out var weight) && !(role == "assistant" && weight.ValueKind == JsonValueKind.Number && weight.TryGetInt32(out var w) && w is 0 or 1))
            refuse($"{at}.weight", "must be 0 or 1, on a message of the assistant");
        return (role, ContentOf(message, at, refuse));
    }

    /// <summary>A text, or a list of parts that are texts.</summary>
    private static string ContentOf(JsonElement message, string at, Action<string, string> refuse)
    {
        if (message.TryGetProperty("content", out var content))
        {
            if (content.ValueKind == JsonValueKind.String && TextOf(content) is { } text && !string.IsNullOrWhiteSpace(text)) return text;
            if (content.ValueKind == JsonValueKind.Array && content.GetArrayLength() > 0)
            {
                var parts = content.EnumerateArray().Select(PartOf).ToList();
                if (parts.TrueForAll(part => part is not null)) return string.Concat(parts);
            }
        }
        refuse($"{at}.content", "must be a text that is not empty, or a list of parts of the type text");
        return "";
    }

    private static string? PartOf(JsonElement part) =>
        part.ValueKind == JsonValueKind.Object && part.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && TextOf(type) == "text" && part.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String ? TextOf(text) : null;

    /// <summary>The text, or null where it holds an escape (<c>\ud800</c>) that is no character.</summary>
    private static string? TextOf(JsonElement value)
    {
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
