using System.Globalization;
using System.Text.Json.Nodes;
using LoraDrop.Domain;

namespace LoraDrop.Engine;

/// <summary>How a model wants conversations laid out: the Jinja template that its tokenizer comes with.</summary>
/// <remarks>Templates are run by an interpreter of our own that knows what chat templates use and nothing else: no files, no reflection, a bound on steps, depth and output.</remarks>
public sealed class ChatTemplate
{
    private const string TemplateFile = "chat_template.jinja", TemplateJson = "chat_template.json", Default = "default";

    private readonly JinjaNode _template;
    private readonly string _path;
    private readonly IReadOnlyDictionary<string, string> _tokens;

    private ChatTemplate(string path, JinjaNode template, IReadOnlyDictionary<string, string> tokens) => (_path, _template, _tokens) = (path, template, tokens);

    /// <summary>Reads a template.</summary>
    /// <param name="path">Where it is from, for faults.</param>
    /// <param name="template">Its text.</param>
    /// <param name="tokens">Special tokens by the names that templates know: <c>bos_token</c>, ….</param>
    /// <exception cref="RefusedInputException">It is malformed, or uses what chat templates do not.</exception>
    public static ChatTemplate Of(string path, string template, IReadOnlyDictionary<string, string> tokens)
    {
        try
        {
            return new(path, JinjaParser.Parse(template), tokens);
        }
        catch (JinjaException malformed)
        {
            throw new RefusedInputException(path, $"is a chat template that cannot be read: {malformed.Message}");
        }
    }

    /// <summary>Whether a model's folder has a template, readable or not.</summary>
    public static bool Exists(string folder) => File.Exists(Path.Combine(folder, TemplateFile)) || !Stored(folder).IsAbsent;

    /// <summary>The template of a model's folder: chat_template.jinja, else chat_template.json, else <c>chat_template</c> in tokenizer_config.json; null where there is none.</summary>
    /// <exception cref="RefusedInputException">It cannot be read.</exception>
    public static ChatTemplate? Load(string folder)
    {
        var names = SpecialTokenNames.Read(folder);
        var tokens = ((string[])["bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token"])
            .Select(part => (part, token: names.Of(part))).Where(t => t.token is not null).ToDictionary(t => t.part, t => t.token!);
        var file = Path.Combine(folder, TemplateFile);
        if (File.Exists(file)) return Of(file, File.ReadAllText(file), tokens);
        var json = Path.Combine(folder, TemplateJson);
        var field = Stored(folder);
        if (field.IsAbsent) return null;
        if (field.IsText) return Of(File.Exists(json) ? json : Path.Combine(folder, "tokenizer_config.json"), field.Text, tokens);
        JsonField[] named = [.. field.Items.Where(item => item["name"].TextOrNull == Default)];
        if (named.Length == 0) throw field.Refused($"has no template named {Default}.");
        return Of(Path.Combine(folder, "tokenizer_config.json"), named[0]["template"].Text, tokens);
    }

    private static JsonField Stored(string folder)
    {
        var json = Path.Combine(folder, TemplateJson);
        return (File.Exists(json) ? JsonField.Read(json) : SpecialTokenNames.Read(folder).Config)["chat_template"];
    }

    /// <summary>A conversation as text.</summary>
    /// <param name="messages">The messages.</param>
    /// <param name="answer">Whether the assistant is to answer now (<c>add_generation_prompt</c>).</param>
    /// <exception cref="RefusedInputException">The template refuses the messages, or cannot lay them out.</exception>
    public string Render(IEnumerable<ChatMessage> messages, bool answer)
    {
        try
        {
            return Render([.. messages.Select(message => message.Fields)], answer, new Dictionary<string, JsonNode?>(), null);
        }
        catch (JinjaException refused)
        {
            throw new RefusedInputException(_path, refused.ByTemplate ? $"the chat template refuses the messages: {refused.Message}" : $"the chat template cannot lay out the messages: {refused.Message}");
        }
    }

    /// <param name="messages">The messages, as JSON.</param>
    /// <param name="answer">Whether the assistant is to answer now.</param>
    /// <param name="variables">What else the template is given.</param>
    /// <param name="today">What <c>strftime_now</c> tells; null: there is no such function, so that what is learnt does not hang on the day.</param>
    internal string Render(IReadOnlyList<JsonNode?> messages, bool answer, IReadOnlyDictionary<string, JsonNode?> variables, DateTimeOffset? today)
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
        if (today is { } now) names["strftime_now"] = (JinjaFunction)((args, _, line) => Formatted(now, args.ElementAtOrDefault(0) as string ?? throw new JinjaException("strftime_now takes a format", line), line));
        foreach (var (token, text) in _tokens) names[token] = text;
        foreach (var (name, value) in variables) names[name] = JinjaValue.From(value);
        var scope = new JinjaScope(names);
        _template.Run(scope);
        return scope.Output.ToString();
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
        var (from, to, step) = ends switch { [var end] => (0L, end, 1L), [var a, var b] => (a, b, 1L), [var a, var b, var by] when by != 0 => (a, b, by), _ => throw new JinjaException("range takes one to three numbers", line) };
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
                'd' => "dd", 'b' => "MMM", 'B' => "MMMM", 'Y' => "yyyy", 'y' => "yy", 'm' => "MM", 'H' => "HH", 'I' => "hh", 'M' => "mm", 'S' => "ss", 'A' => "dddd", 'a' => "ddd", 'p' => "tt",
                '%' => "'%'",
                var other => throw new JinjaException($"strftime_now knows no %{other}", line),
            };
            text.Append(now.ToString(part, CultureInfo.InvariantCulture));
        }
        return text.ToString();
    }
}
