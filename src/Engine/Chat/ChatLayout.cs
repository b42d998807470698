using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;

namespace LoraDrop.Engine.Chat;

/// <summary>One chat template: renders messages as text, and knows which forms it can render.</summary>
/// <remarks>
/// Templates differ in the form of message they accept: content as text or as a list of parts, the arguments of a call as an object or as
/// JSON, missing content as null or as an empty text. transformers passes on whatever the data has, and much of it fails or is rendered
/// wrongly. Here a short conversation is tried once in each form, and messages are passed in one that works.
/// </remarks>
internal sealed class ChatLayout
{
    private const string Key = "probe_key", Value = "probe_value", Function = "probe_name";

    /// <summary>Names a row cannot set: the messages, and the template's own functions and tokens.</summary>
    private static readonly string[] Reserved = ["messages", "tools", "add_generation_prompt", "continue_final_message",
        "raise_exception", "strftime_now", "namespace", "dict", "range"];

    private readonly JinjaNode _template;
    private readonly JinjaNames _names;
    private readonly IReadOnlyDictionary<string, string> _tokens;
    private readonly ConcurrentDictionary<(string Role, bool Parts), bool> _reads = [];
    private readonly Lazy<CallForm> _calls;

    /// <exception cref="JinjaException">The template is malformed.</exception>
    public ChatLayout(string path, string template, IReadOnlyDictionary<string, string> tokens)
    {
        (Path, _tokens, _template) = (path, tokens, JinjaParser.Parse(template));
        _names = JinjaNames.Of(_template);
        _calls = new(FormOfCalls);
    }

    /// <summary>The template's source, for error messages.</summary>
    public string Path { get; }

    /// <summary>Whether the template reads tools.</summary>
    public bool HasPlaceForTools => _names.Variables.Contains("tools");

    /// <summary>Whether the template reads a variable from outside.</summary>
    public bool Takes(string variable) => _names.Variables.Contains(variable) && !Reserved.Contains(variable)
        && !_tokens.ContainsKey(variable);

    /// <summary>Whether the template reads a field of a message.</summary>
    public bool Reads(string field) => field is "role" or "content" or ChatMessage.ToolCalls || _names.Says(field);

    /// <summary>The role under which a message is passed to the template: a developer message becomes a system message if the template does
    /// not know developers, as OpenAI defines it.</summary>
    public string RoleOf(ChatMessage message) => message.Role == "developer" && !_names.Says("developer") ? "system" : message.Role;

    /// <summary>Converts a message to a form that the template can render.</summary>
    public ChatMessage Fitted(ChatMessage message)
    {
        var role = RoleOf(message);
        var content = ContentOf(message, role);
        var asText = message.Calls is not null && _calls.Value.AsText;
        if (role == message.Role && ReferenceEquals(content, message.Fields["content"]) && !asText) return message;
        var fields = message.Fields.DeepClone().AsObject();
        (fields["role"], fields["content"]) = (role, content?.DeepClone());
        foreach (var call in asText ? fields[ChatMessage.ToolCalls]!.AsArray() : [])
            if (call!["function"]!["arguments"] is JsonObject arguments)
                call["function"]!["arguments"] = JinjaJson.Of(JinjaValue.From(arguments));
        return message with { Role = role, Fields = fields };
    }

    /// <param name="messages">The messages, as JSON.</param>
    /// <param name="answer">Whether to prompt for the assistant's answer.</param>
    /// <param name="variables">Further variables of the template.</param>
    /// <param name="today">The time of <c>strftime_now</c>; null removes the function, so that training does not depend on the
    /// date.</param>
    /// <exception cref="JinjaException">The template refuses the messages, or cannot render them.</exception>
    public string Render(IReadOnlyList<JsonNode?> messages, bool answer, IEnumerable<KeyValuePair<string, JsonNode?>> variables,
        DateTimeOffset? today = null)
    {
        var names = new Dictionary<string, object?>
        {
            ["tools"] = null,
            ["documents"] = null,
            ["messages"] = messages.Select(JinjaValue.From).ToList(),
            ["add_generation_prompt"] = answer,
            ["raise_exception"] = (JinjaFunction)((args, _, _) => throw new JinjaException(JinjaValue.Text(args.ElementAtOrDefault(0)), 0)),
            ["namespace"] = (JinjaFunction)((_, named, _) => Made(named, isNamespace: true)),
            ["dict"] = (JinjaFunction)((_, named, _) => Made(named, isNamespace: false)),
            ["range"] = (JinjaFunction)Range,
        };
        if (today is { } now) names["strftime_now"] = (JinjaFunction)((args, _, line) =>
            Formatted(now, args.ElementAtOrDefault(0) as string ?? throw new JinjaException("strftime_now takes a format", line), line));
        foreach (var (token, text) in _tokens) names[token] = text;
        foreach (var (name, value) in variables) names[name] = JinjaValue.From(value);
        var scope = new JinjaScope(names);
        _template.Run(scope);
        return scope.Output.ToString();
    }

    private JsonNode? ContentOf(ChatMessage message, string role)
    {
        var given = message.Fields["content"];
        if (message.Calls is not null && message.Content.Length == 0)
        {
            var (asNull, asEmpty, _) = _calls.Value;
            return given is null ? asNull ? null : "" : asEmpty ? given : null;
        }
        if (given is JsonArray) return Reads(role, parts: true) ? given : message.Content;
        return Reads(role, parts: false) || !Reads(role, parts: true) ? given : Parts(message.Content);
    }

    private static JsonArray Parts(string text) => new(new JsonObject { ["type"] = "text", ["text"] = text });

    /// <summary>Whether the template renders the content of a role's messages, given as text or as parts.</summary>
    private bool Reads(string role, bool parts) => _reads.GetOrAdd((role, parts), asked =>
    {
        JsonNode Said(string text) => asked.Parts ? Parts(text) : text;
        JsonObject[] messages = asked.Role switch
        {
            "system" or "developer" => [Message(asked.Role, Said(Value)), Message("user", "question")],
            "assistant" => [Message("user", "question"), Message("assistant", Said(Value))],
            "tool" => [Message("user", "question"), Call(_calls.Value), Message("tool", Said(Value))],
            _ => [Message(asked.Role, Said(Value))],
        };
        return TryRender(messages) is { } text && Has(text, Value) && !Has(text, $"'text': '{Value}") && !Has(text, $"\"text\": \"{Value}");
    });

    private static bool Has(string text, string part) => text.Contains(part, StringComparison.Ordinal);

    /// <summary>The first form of call that the template renders; if it renders none, an empty text as content, which breaks the fewest
    /// templates.</summary>
    private CallForm FormOfCalls()
    {
        foreach (var asText in new[] { false, true })
        {
            var form = new CallForm(Writes(new(true, false, asText)), Writes(new(false, true, asText)), asText);
            if (form.AsNull || form.AsEmpty) return form;
        }
        return new(false, true, false);
    }

    /// <summary>A Python dictionary in the text (<c>{'city': …}</c>), JSON within JSON, or None for missing content means that the call is
    /// rendered wrongly.</summary>
    private bool Writes(CallForm form) => TryRender([Message("user", "question"), Call(form)]) is { } text
        && Has(text, Function) && Has(text, Key) && Has(text, Value)
        && !Has(text, "None") && !Has(text, $"'{Key}'") && !Has(text, $"\\\"{Key}");

    private static JsonObject Call(CallForm form)
    {
        JsonNode arguments = form.AsText ? $"{{\"{Key}\": \"{Value}\"}}" : new JsonObject { [Key] = Value };
        var call = Message("assistant", form.AsNull ? null : "");
        var function = new JsonObject { ["name"] = Function, ["arguments"] = arguments };
        var made = new JsonObject { ["id"] = "call12345", ["type"] = "function", ["function"] = function };
        call[ChatMessage.ToolCalls] = new JsonArray(made);
        return call;
    }

    private static JsonObject Message(string role, JsonNode? content)
    {
        var message = new JsonObject { ["role"] = role, ["content"] = content };
        if (role == "tool") (message["name"], message["tool_call_id"]) = (Function, "call12345");
        return message;
    }

    private string? TryRender(JsonObject[] messages)
    {
        try
        {
            var schema = new JsonObject { ["properties"] = new JsonObject() };
            var function = new JsonObject { ["name"] = "other", ["description"] = "", ["parameters"] = schema };
            var tools = new JsonArray(new JsonObject { ["type"] = "function", ["function"] = function });
            var calls = messages.Any(message => message.ContainsKey(ChatMessage.ToolCalls));
            return Render(messages, answer: false, calls ? [new("tools", tools)] : []);
        }
        catch (JinjaException)
        {
            return null; // the probe shows that the template does not support this
        }
    }

    private static JinjaMap Made(IReadOnlyDictionary<string, object?> fields, bool isNamespace)
    {
        var made = new JinjaMap { IsNamespace = isNamespace };
        foreach (var (name, value) in fields) made[name] = value;
        return made;
    }

    private static List<object?> Range(IReadOnlyList<object?> args, IReadOnlyDictionary<string, object?> named, int line)
    {
        const int Most = 100_000;
        long[] ends = [.. args.Select(arg => arg as long? ?? throw new JinjaException("range takes whole numbers", line))];
        var (from, to, step) = ends switch
        {
            [var end] => (0L, end, 1L),
            [var a, var b] => (a, b, 1L),
            [var a, var b, var by] when by != 0 => (a, b, by),
            _ => throw new JinjaException("range takes one to three numbers", line),
        };
        var numbers = new List<object?>();
        for (var i = from; step > 0 ? i < to : i > to; i += step)
        {
            if (numbers.Count == Most) throw new JinjaException($"range gives more than {Most} numbers", line);
            numbers.Add(i);
        }
        return numbers;
    }

    private static string Formatted(DateTimeOffset now, string format, int line)
    {
        var text = new System.Text.StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                text.Append(format[i]);
                continue;
            }
            var part = format[++i] switch
            {
                'd' => "dd", 'b' => "MMM", 'B' => "MMMM", 'Y' => "yyyy", 'y' => "yy", 'm' => "MM", 'H' => "HH", 'I' => "hh", 'M' => "mm",
                'S' => "ss", 'A' => "dddd", 'a' => "ddd", 'p' => "tt",
                '%' => "'%'",
                var other => throw new JinjaException($"strftime_now knows no %{other}", line),
            };
            text.Append(now.ToString(part, CultureInfo.InvariantCulture));
        }
        return text.ToString();
    }

    /// <summary>The form of calls passed to a template.</summary>
    /// <param name="AsNull">Whether the content of a call without text may be null.</param>
    /// <param name="AsEmpty">Whether it may be an empty text.</param>
    /// <param name="AsText">Whether arguments are passed as JSON (DeepSeek-V3 appends them to a text) instead of as an object.</param>
    private sealed record CallForm(bool AsNull, bool AsEmpty, bool AsText);
}
