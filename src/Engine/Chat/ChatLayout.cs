using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;

namespace LoraDrop.Engine.Chat;

/// <summary>One chat template: renders messages as text, and knows what it can render.</summary>
/// <remarks>
/// Templates differ in the form that they take a message in: a content as text or as a list of parts, the arguments of a call as an object
/// or as JSON, no content as null or as an empty text.
/// transformers hands over whatever the data has, and much of it fails or comes out wrong. Here a short conversation is tried in each form,
/// once, and messages are given in one that works.
/// </remarks>
internal sealed class ChatLayout
{
    private const string Key = "probe_key", Value = "probe_value", Function = "probe_name";

    /// <summary>What a row cannot set: the messages, and what the template's own functions and tokens are called.</summary>
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

    /// <summary>Where the template is from.</summary>
    public string Path { get; }

    /// <summary>Whether the template reads its tools.</summary>
    public bool HasPlaceForTools => _names.Variables.Contains("tools");

    /// <summary>Whether the template takes a variable from outside.</summary>
    public bool Takes(string variable) => _names.Variables.Contains(variable) && !Reserved.Contains(variable)
        && !_tokens.ContainsKey(variable);

    /// <summary>Whether the template reads a field of a message.</summary>
    public bool Reads(string field) => field is "role" or "content" or ChatMessage.ToolCalls || _names.Says(field);

    /// <summary>The role that a message is given to the template under: a developer's is a system message where the template does not know
    /// developers, as OpenAI defines it.</summary>
    public string RoleOf(ChatMessage message) => message.Role == "developer" && !_names.Says("developer") ? "system" : message.Role;

    /// <summary>A message in a form that the template can render.</summary>
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
    /// <param name="answer">Whether the assistant is to answer now.</param>
    /// <param name="variables">What else the template is given.</param>
    /// <param name="today">The time of <c>strftime_now</c>; null: there is no such function, so that what is learnt does not hang on the
    /// day.</param>
    /// <exception cref="JinjaException">The template refuses the messages, or cannot lay them out.</exception>
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

    /// <summary>Whether the template writes what a message of a role says, given as text or as parts.</summary>
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

    /// <summary>The first form of a call that the template writes; where it writes none, an empty text is the content that breaks the
    /// fewest.</summary>
    private CallForm FormOfCalls()
    {
        foreach (var asText in new[] { false, true })
        {
            var form = new CallForm(Writes(new(true, false, asText)), Writes(new(false, true, asText)), asText);
            if (form.AsNull || form.AsEmpty) return form;
        }
        return new(false, true, false);
    }

    /// <summary>A Python dictionary in the text (<c>{'city': …}</c>), JSON within JSON, or None for what was not said, is a call that was
    /// written wrong.</summary>
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
            return null; // what the template cannot do is what is asked here
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

    /// <summary>How calls are given to a template.</summary>
    /// <param name="AsNull">Whether a call without text may have null as its content.</param>
    /// <param name="AsEmpty">Whether it may have an empty text.</param>
    /// <param name="AsText">Whether arguments are given as JSON (DeepSeek-V3 appends them to a text) instead of as an object.</param>
    private sealed record CallForm(bool AsNull, bool AsEmpty, bool AsText);
}
