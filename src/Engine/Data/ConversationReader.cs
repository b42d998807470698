using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraDrop.Engine.Data;

/// <summary>Reads a row that is a conversation, in any of the common forms.</summary>
/// <remarks>
/// <list type="bullet">
/// <item>A list of messages (<c>messages</c>, <c>conversations</c>, <c>conversation</c>), each with <c>role</c> and <c>content</c> (OpenAI)
/// or <c>from</c> and <c>value</c> (ShareGPT).</item>
/// <item><c>instruction</c>, <c>input</c>, <c>output</c>, <c>history</c> (Alpaca).</item>
/// <item><c>prompt</c> and <c>completion</c>, both lists of messages (TRL); only the completion is trained on.</item>
/// </list>
/// Optional: <c>system</c>, <c>tools</c> or <c>functions</c>, <c>chat_template_kwargs</c>. A null counts as absent. The result is always in
/// OpenAI's form, with arguments of calls as objects.
/// </remarks>
internal sealed class ConversationReader(RowPlace place, DataFaults faults, bool answered)
{
    private const string Prompt = "prompt", Completion = "completion", Instruction = "instruction", Input = "input", Output = "output",
        History = "history", System = "system", Tools = "tools", Functions = "functions", Variables = "chat_template_kwargs";

    private const string NoText = "must be a text that is not empty", NoContent = $"{NoText}, or a list of parts of the type text",
        OtherForms = " (or there is a list conversations, or instruction and output, or prompt and completion as lists)",
        AFunction = "{\"type\": \"function\", \"function\": {\"name\": …, \"description\": …, \"parameters\": {…}}}";

    /// <summary>The fields that may hold the list of messages.</summary>
    internal static readonly string[] Lists = ["messages", "conversations", "conversation"];

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Maps every name of a speaker to its role.</summary>
    internal static readonly Dictionary<string, string> RoleOf = new()
    {
        ["system"] = "system", ["developer"] = "developer", ["user"] = "user", ["human"] = "user", ["assistant"] = "assistant",
        ["gpt"] = "assistant", ["tool"] = "tool", ["observation"] = "tool", ["function"] = "tool", ["function_call"] = "assistant",
    };

    private readonly int _before = faults.Count;

    /// <summary>Arguments given as text: a null in them is part of the call.</summary>
    private readonly HashSet<JsonObject> _asText = new(ReferenceEqualityComparer.Instance);

    /// <summary>Whether the row was written from columns, where every object has the members of all objects, with null for those it
    /// lacks.</summary>
    private bool _padded;

    private int _padding;

    /// <summary>Whether a message of this role may have no text.</summary>
    internal static bool MayBeEmpty(string role) => role is "tool" or "system" or "developer";

    /// <summary>Whether a row looks like a conversation: a list of messages, with neither a text nor a label beside it.</summary>
    public static bool Is(JsonElement row) => Lists.Any(name => ListIn(row, name))
        ? !row.TryGetProperty(ChatLine.TextColumn, out _) && !row.TryGetProperty(ChatLine.LabelColumn, out _)
        : ListIn(row, Prompt) && ListIn(row, Completion);

    /// <summary>Whether rows with these fields can be read in Alpaca's form.</summary>
    public static bool IsAlpaca(IReadOnlyCollection<string> fields) => fields.Contains(Instruction) && fields.Contains(Output);

    /// <summary>The names of the fields that a row's messages are read from.</summary>
    public static IReadOnlyList<string> MessageFields(JsonElement row) =>
        Array.Find(Lists, name => ListIn(row, name)) is { } list ? [list, System] : [Prompt, Completion, System];

    public Conversation? Read(JsonElement row)
    {
        if (Array.Find(Lists, name => ListIn(row, name)) is { } list)
            return Of(row, [list], () => Messages(row.GetProperty(list), list, learnt: true));
        if (ListIn(row, Prompt) && ListIn(row, Completion)) return Of(row, [Prompt, Completion], () => PromptAndCompletion(row));
        if (Has(row, Instruction) && (Has(row, Output) || !answered))
            return Of(row, [Instruction, Input, Output, History], () => Alpaca(row));
        if (Has(row, "chosen") && Has(row, "rejected"))
            Refuse("chosen", "is preference data (chosen and rejected), which is not trained here: give the better answer as a message");
        else Refuse(Lists[0], $"must be a list of messages{OtherForms}");
        return null;
    }

    private static bool ListIn(JsonElement row, string name) =>
        row.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array;

    private static bool Has(JsonElement row, string name) =>
        row.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null;

    private void Refuse(string at, string message) => faults.Add($"{place} {at}", message);

    /// <summary>Builds the conversation of a row whose messages are read according to its form.</summary>
    private Conversation? Of(JsonElement row, string[] form, Func<List<ChatMessage>> read)
    {
        var messages = read();
        SystemBefore(row, messages);
        var tools = ToolsOf(row);
        var variables = VariablesOf(row);
        if (faults.Count == _before) CheckTurns(messages, form[^1]);
        if (faults.Count > _before) return null;
        var others = new JsonObject();
        foreach (var field in row.EnumerateObject().Where(field => field.Value.ValueKind != JsonValueKind.Null))
        {
            var isTools = field.Name == Tools || (field.Name == Functions && tools is not null);
            var isRead = isTools || form.Contains(field.Name) || field.Name is System or Variables;
            if (!isRead && Node(field.Value, field.Name) is { } value) others[field.Name] = value;
        }
        if (_padded) messages = [.. messages.Select(WithoutPadding)];
        if (_padded && tools is not null) Strip(tools);
        return faults.Count > _before ? null : new(messages) { Tools = tools, Variables = variables, Others = others, Padding = _padding };
    }

    private void CheckTurns(List<ChatMessage> messages, string list)
    {
        if (!answered)
        {
            if (messages.Count == 0) Refuse(list, "must have a message to answer");
            else if (messages[^1].Role == "assistant") Refuse(messages[^1].At, "must not be of the assistant: its answer is still to come");
        }
        else if (messages.Count < 2) Refuse(list, "must have a message to answer, and the answer");
        else if (messages[^1].Role != "assistant") Refuse(messages[^1].At, "must be of the assistant: the last message is an answer");
        else if (!messages.Exists(message => message.Learnt)) Refuse(list, "has no answer that is learnt: each has the weight 0");
    }

    private List<ChatMessage> Messages(JsonElement list, string name, bool learnt)
    {
        var messages = new List<ChatMessage>();
        foreach (var (i, message) in list.EnumerateArray().Index())
            if (Message(message, $"{name}[{i}]") is { } read) messages.Add(learnt ? read : read with { Learnt = false });
        return messages;
    }

    /// <summary>Assistant messages in the prompt are context and not trained on.</summary>
    private List<ChatMessage> PromptAndCompletion(JsonElement row)
    {
        if (row.TryGetProperty(ChatLine.LabelColumn, out var label) && label.ValueKind is JsonValueKind.True or JsonValueKind.False)
            Refuse(ChatLine.LabelColumn, "marks good and bad completions, which is not trained here: remove the bad ones and the label");
        return
        [
            .. Messages(row.GetProperty(Prompt), Prompt, learnt: false),
            .. Messages(row.GetProperty(Completion), Completion, learnt: true),
        ];
    }

    private List<ChatMessage> Alpaca(JsonElement row)
    {
        var messages = new List<ChatMessage>();
        if (ListIn(row, History))
            foreach (var (i, pair) in row.GetProperty(History).EnumerateArray().Index()) messages.AddRange(Pair(pair, $"{History}[{i}]"));
        else if (Has(row, History) && TextIn(row, History) is not "") Refuse(History, "must be a list of pairs: question and answer");
        if (TextIn(row, Instruction) is not { } instruction || string.IsNullOrWhiteSpace(instruction)) Refuse(Instruction, NoText);
        else if (Has(row, Input) && TextIn(row, Input) is null) Refuse(Input, "must be a text");
        else
        {
            var asked = TextIn(row, Input) is { Length: > 0 } input ? $"{instruction}\n\n{input}" : instruction;
            messages.Add(ChatMessage.Of("user", asked) with { At = Instruction });
        }
        if (!answered) return messages;
        if (TextIn(row, Output) is not { } output || string.IsNullOrWhiteSpace(output)) Refuse(Output, NoText);
        else messages.Add(ChatMessage.Of("assistant", output) with { At = Output });
        return messages;
    }

    private ChatMessage[] Pair(JsonElement pair, string at)
    {
        string?[] texts = pair.ValueKind == JsonValueKind.Array ? [.. pair.EnumerateArray().Select(TextOf)] : [];
        if (texts is [{ } question, { } answer] && !string.IsNullOrWhiteSpace(question) && !string.IsNullOrWhiteSpace(answer))
            return [ChatMessage.Of("user", question) with { At = at }, ChatMessage.Of("assistant", answer) with { At = at }];
        Refuse(at, "must be a pair of texts that are not empty: question and answer");
        return [];
    }

    /// <summary>Adds the system message given beside the messages of a row.</summary>
    private void SystemBefore(JsonElement row, List<ChatMessage> messages)
    {
        if (!Has(row, System)) return;
        var text = TextIn(row, System);
        if (text is null) Refuse(System, "must be a text: the system message");
        if (string.IsNullOrWhiteSpace(text)) return;
        if (messages is not [{ Role: "system" or "developer" } first, ..])
            messages.Insert(0, ChatMessage.Of("system", text) with { At = System });
        else if (first.Content != text) Refuse(System, "is another than the system message that the conversation begins with");
    }

    private ChatMessage? Message(JsonElement json, string at)
    {
        var before = faults.Count;
        if (json.ValueKind != JsonValueKind.Object)
        {
            Refuse(at, "must be an object with role and content");
            return null;
        }
        if (Node(json, at) is not JsonObject given) return null;
        var (role, content) = given["from"] is not null && given["role"] is null ? ("from", "value") : ("role", "content");
        var said = TextOf(given[role]);
        if (said is null || !RoleOf.TryGetValue(said, out var speaker))
        {
            IEnumerable<string> known = role == "role" ? ["system", "developer", "user", "assistant", "tool"] : RoleOf.Keys;
            Refuse($"{at}.{role}", $"must be one of {string.Join(", ", known)}");
            return null;
        }
        var fields = new JsonObject { ["role"] = speaker };
        foreach (var (name, value) in given.ToArray())
        {
            if (value is null && name is not ("content" or "value")) _padded = true;
            if (value is null || name == role || name == content || name is "weight" or "function_call" or ChatMessage.ToolCalls) continue;
            given.Remove(name);
            fields[name] = value;
        }
        var calls = CallsOf(given, speaker, said == "function_call" ? content : null, at);
        var learnt = IsLearnt(given["weight"], speaker, $"{at}.weight");
        var mayBeEmpty = calls is not null || MayBeEmpty(speaker);
        var text = said == "function_call" ? "" : ContentOf(given, content, mayBeEmpty, calls is not null, at);
        if (faults.Count > before) return null;
        fields.Insert(1, "content", said == "function_call" || given[content] is not { } written ? null : Removed(given, content, written));
        if (calls is not null) fields[ChatMessage.ToolCalls] = calls;
        return new(speaker, text!, fields, learnt) { At = at };
    }

    private static JsonNode Removed(JsonObject from, string name, JsonNode value)
    {
        from.Remove(name);
        return value;
    }

    private bool IsLearnt(JsonNode? weight, string role, string at)
    {
        var number = weight is JsonValue value && value.GetValueKind() == JsonValueKind.Number ? value.GetValue<double>() : (double?)null;
        if (weight is not null && number is not (0 or 1)) Refuse(at, "must be 0 or 1: an answer is learnt or it is not");
        else if (role != "assistant" && number == 1) Refuse(at, "must be on a message of the assistant: nothing else is learnt");
        return role == "assistant" && number != 0;
    }

    /// <summary>A text, or a list of text parts joined; null if there is a fault.</summary>
    /// <param name="message">The message.</param>
    /// <param name="name">The field that holds it.</param>
    /// <param name="mayBeEmpty">Whether it may be empty.</param>
    /// <param name="mayBeNull">Whether it may be absent.</param>
    /// <param name="at">The message's path.</param>
    private string? ContentOf(JsonObject message, string name, bool mayBeEmpty, bool mayBeNull, string at)
    {
        var content = message[name];
        if (content is null && mayBeNull) return "";
        if (TextOf(content) is { } text && (mayBeEmpty || !string.IsNullOrWhiteSpace(text))) return text;
        if (content is JsonArray { Count: > 0 } parts)
        {
            string?[] texts = [.. parts.Index().Select(part => PartOf(part.Item, $"{at}.{name}[{part.Index}]"))];
            if (texts.Contains(null)) return null;
            if (mayBeEmpty || !texts.All(string.IsNullOrWhiteSpace)) return string.Concat(texts);
        }
        Refuse($"{at}.{name}", name == "value" ? NoText : NoContent);
        return null;
    }

    private string? PartOf(JsonNode? part, string at)
    {
        var type = TextOf((part as JsonObject)?["type"]);
        if (type == "text" && TextOf(part!["text"]) is { } text)
        {
            Strip(part, count: false);
            return text;
        }
        Refuse(at, type switch
        {
            "image_url" or "image" or "input_image" => "is a picture: models that read text are trained here, and nothing else",
            "input_audio" or "audio" or "audio_url" => "is sound: models that read text are trained here, and nothing else",
            "video" or "video_url" or "file" or "input_file" =>
                $"is a {type.Split('_')[^1].Replace("url", "video")}: models that read text are trained here, and nothing else",
            _ => "must be a part of the type text: {\"type\": \"text\", \"text\": …}",
        });
        return null;
    }

    /// <summary>The calls of a message, in any form, as OpenAI's tool_calls with arguments as objects.</summary>
    /// <param name="message">The message.</param>
    /// <param name="role">Its role.</param>
    /// <param name="turn">The field whose text is the call (ShareGPT's turn function_call), or null if the message is not such a
    /// turn.</param>
    /// <param name="at">The message's path.</param>
    private JsonArray? CallsOf(JsonObject message, string role, string? turn, string at)
    {
        var older = message["function_call"];
        var (name, given) = turn is not null ? (turn, message[turn])
            : message[ChatMessage.ToolCalls] is { } listed and not JsonArray { Count: 0 } ? (ChatMessage.ToolCalls, listed)
            : ("function_call", older);
        if (given is null)
        {
            if (turn is not null) Refuse($"{at}.{turn}", "must be a call: {\"name\": …, \"arguments\": {…}}");
            return null;
        }
        if (role != "assistant") Refuse($"{at}.{name}", "must be on a message of the assistant: only it calls tools");
        else if (name == ChatMessage.ToolCalls && older is not null)
            Refuse($"{at}.function_call", "is given beside tool_calls: give the calls once");
        if (TextOf(given) is { } text && (given = Parsed(text, $"{at}.{name}")) is null) return null;
        var calls = new JsonArray();
        foreach (var (i, call) in (given is JsonArray list ? list.ToArray() : [given]).Index())
            if (Call(call, given is JsonArray ? $"{at}.{name}[{i}]" : $"{at}.{name}") is { } read) calls.Add(read);
        return calls;
    }

    private JsonObject? Call(JsonNode? call, string at)
    {
        if (call is JsonObject json && (json["function"] as JsonObject ?? (json["function"] is null ? json : null)) is { } function)
        {
            if (json["type"] is { } type && TextOf(type) != "function")
                return Nothing($"{at}.type", "must be function: other calls are not trained here");
            var below = function == json ? at : $"{at}.function";
            if (TextOf(function["name"]) is not { Length: > 0 } name)
                return Nothing($"{below}.name", "must be a text: the name of the function");
            if (Arguments(function["arguments"], $"{below}.arguments") is not { } arguments) return null;
            var read = new JsonObject();
            if (function != json && json["id"] is { } id) read["id"] = id.DeepClone();
            read["type"] = "function";
            read["function"] = new JsonObject { ["name"] = name, ["arguments"] = arguments };
            _padded |= json.Any(field => field.Value is null) || function.Any(field => field.Value is null && field.Key != "arguments");
            return read;
        }
        return Nothing(at, "must be a call: {\"type\": \"function\", \"function\": {\"name\": …, \"arguments\": {…}}}");
    }

    /// <summary>Arguments as an object: a text is parsed, since templates serialise arguments themselves.</summary>
    private JsonObject? Arguments(JsonNode? arguments, string at)
    {
        if (arguments is null) return [];
        if (arguments is JsonObject given) return given.DeepClone().AsObject();
        if (TextOf(arguments) is not { } text) return Nothing(at, "must be an object, or its JSON as a text");
        if (Parsed(text, at) is not { } parsed) return null;
        if (parsed is not JsonObject read) return Nothing(at, $"must be a JSON object; it is {Named(parsed)}");
        _asText.Add(read);
        return read;
    }

    private static string Named(JsonNode json) => json.GetValueKind() switch
    {
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        _ => "true or false",
    };

    private JsonObject? Nothing(string at, string message)
    {
        Refuse(at, message);
        return null;
    }

    private JsonArray? ToolsOf(JsonElement row)
    {
        var name = Has(row, Tools) ? Tools : Functions;
        if (!Has(row, name) || Node(row.GetProperty(name), name) is not { } given) return null;
        if (TextOf(given) is { } text && (string.IsNullOrWhiteSpace(text) || (given = Parsed(text, name)) is null)) return null;
        var tools = new JsonArray();
        foreach (var (i, tool) in (given is JsonArray list ? list.ToArray() : [given]).Index())
            if (Tool(tool, given is JsonArray ? $"{name}[{i}]" : name) is { } read) tools.Add(read);
        return tools.Count > 0 ? tools : null;
    }

    /// <summary>A tool in OpenAI's form; a bare function, as in LLaMA-Factory and OpenAI's older functions, is wrapped.</summary>
    private JsonObject? Tool(JsonNode? tool, string at)
    {
        if (TextOf(tool) is { } text && (tool = Parsed(text, at)) is null) return null;
        if (tool is not JsonObject given || (given["function"] ?? given) is not JsonObject function
            || TextOf(function["name"]) is not { Length: > 0 } || (function != given && TextOf(given["type"]) is not (null or "function")))
            return Nothing(at, $"must be a function: {AFunction}");
        if (TextOf(function["parameters"]) is { } schema)
        {
            if (Parsed(schema, $"{at}.parameters") is not { } parameters) return null;
            function["parameters"] = parameters;
        }
        _padded |= IsPadded(given);
        return (function == given ? new JsonObject { ["type"] = "function", ["function"] = function.DeepClone() } : given.DeepClone())
            .AsObject();
    }

    /// <summary>Whether a schema has misplaced nulls, as rows written from columns do.</summary>
    private static bool IsPadded(JsonNode? json) => json switch
    {
        JsonObject map => map.Any(field => field.Value is null ? field.Key is not ("default" or "const" or "example")
            : IsPadded(field.Value)),
        JsonArray list => list.Any(IsPadded),
        _ => false,
    };

    private JsonObject VariablesOf(JsonElement row)
    {
        if (!Has(row, Variables) || Node(row.GetProperty(Variables), Variables) is not { } given) return [];
        if (TextOf(given) is { } text && (given = Parsed(text, Variables)) is null) return [];
        if (given is not JsonObject variables)
        {
            Refuse(Variables, "must be an object with variables of the chat template");
            return [];
        }
        foreach (var name in variables.Where(field => field.Value is null).Select(field => field.Key).ToArray()) variables.Remove(name);
        return variables;
    }

    private ChatMessage WithoutPadding(ChatMessage message)
    {
        foreach (var call in message.Calls ?? [])
            if (call!["function"]!["arguments"] is JsonObject arguments && !_asText.Contains(arguments)) Strip(arguments);
        return message;
    }

    /// <summary>Removes null members at any depth.</summary>
    private void Strip(JsonNode? json, bool count = true)
    {
        if (json is JsonArray list) foreach (var item in list) Strip(item, count);
        if (json is not JsonObject map) return;
        foreach (var (name, value) in map.ToArray())
        {
            if (value is null && map.Remove(name) && count) _padding++;
            else Strip(value, count);
        }
    }

    /// <summary>Parses JSON given as text; null if there is a fault, and for null.</summary>
    private JsonNode? Parsed(string text, string at)
    {
        try
        {
            var node = JsonNode.Parse(text, documentOptions: Strict);
            if (node is null) Refuse(at, "is null as a text");
            else JinjaValue.From(node);
            return node;
        }
        catch (JsonException)
        {
            Refuse(at, "is a text that is not JSON");
        }
        catch (InvalidOperationException) // an escape such as \ud800 is valid JSON but not a character
        {
            Refuse(at, "holds half of a surrogate pair");
        }
        return null;
    }

    /// <summary>A mutable copy of JSON, once every text in it has been read.</summary>
    private JsonNode? Node(JsonElement json, string at)
    {
        try
        {
            var node = JsonNode.Parse(json.GetRawText());
            JinjaValue.From(node);
            return node;
        }
        catch (InvalidOperationException)
        {
            Refuse(at, "holds half of a surrogate pair");
            return null;
        }
    }

    private static string? TextOf(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    /// <summary>The text of a field, or null if it is not a text or holds an escape (<c>\ud800</c>) that is not a character.</summary>
    private static string? TextIn(JsonElement row, string name) => row.TryGetProperty(name, out var value) ? TextOf(value) : null;

    private static string? TextOf(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
