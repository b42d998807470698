using System.Text.Json.Nodes;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Chat;

/// <summary>A model's format for conversations: its tokenizer's Jinja template, and optionally a second one for conversations with
/// tools.</summary>
/// <remarks>Templates run in our own interpreter, limited to what chat templates use: no files, no reflection, and bounds on steps, depth
/// and output.</remarks>
public sealed class ChatTemplate
{
    private const string TemplateFile = "chat_template.jinja", TemplateJson = "chat_template.json";

    private const string MoreFolder = "additional_chat_templates", Default = "default", ToolUse = "tool_use";

    private readonly ChatLayout _default;
    private readonly ChatLayout? _toolUse;

    private ChatTemplate(ChatLayout usual, ChatLayout? toolUse) => (_default, _toolUse) = (usual, toolUse);

    /// <summary>Additional templates: one for conversations with tools.</summary>
    internal static IReadOnlyList<string> MoreFiles { get; } = [$"{MoreFolder}/{ToolUse}.jinja"];

    /// <summary>Reads a template.</summary>
    /// <param name="path">Its source, for error messages.</param>
    /// <param name="template">Its text.</param>
    /// <param name="tokens">Special tokens by their template variable: <c>bos_token</c>, ….</param>
    /// <param name="toolUse">A separate template for conversations with tools, or null.</param>
    /// <exception cref="RefusedInputException">It is malformed, or uses unsupported features.</exception>
    public static ChatTemplate Of(string path, string template, IReadOnlyDictionary<string, string> tokens,
        (string Path, string Template)? toolUse = null) =>
        new(LayoutOf(path, template, tokens), toolUse is { } other ? LayoutOf(other.Path, other.Template, tokens) : null);

    /// <summary>Whether a model's folder has a template, valid or not.</summary>
    public static bool Exists(string folder) => File.Exists(Path.Combine(folder, TemplateFile)) || !Stored(folder).IsAbsent;

    /// <summary>The template of a model's folder: chat_template.jinja, else chat_template.json, else <c>chat_template</c> in
    /// tokenizer_config.json, or null. The one for tools is <c>tool_use</c> beside <c>default</c> there, or
    /// additional_chat_templates/tool_use.jinja.</summary>
    /// <exception cref="RefusedInputException">It cannot be read.</exception>
    public static ChatTemplate? Load(string folder)
    {
        var names = SpecialTokenNames.Read(folder);
        var tokens = ((string[])["bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token"])
            .Select(part => (part, token: names.Of(part))).Where(t => t.token is not null).ToDictionary(t => t.part, t => t.token!);
        var more = Path.Combine(folder, MoreFiles[0]);
        (string, string)? toolUse = File.Exists(more) ? (more, File.ReadAllText(more)) : null;
        var file = Path.Combine(folder, TemplateFile);
        if (File.Exists(file)) return Of(file, File.ReadAllText(file), tokens, toolUse);
        var json = Path.Combine(folder, TemplateJson);
        var field = Stored(folder);
        if (field.IsAbsent) return null;
        var path = File.Exists(json) ? json : Path.Combine(folder, "tokenizer_config.json");
        if (field.IsText) return Of(path, field.Text, tokens, toolUse);
        var named = field.Items.ToLookup(item => item["name"].TextOrNull, item => item["template"]);
        if (!named[Default].Any()) throw field.Refused($"has no template named {Default}.");
        if (toolUse is null && named[ToolUse].Any()) toolUse = (path, named[ToolUse].First().Text);
        return Of(path, named[Default].First().Text, tokens, toolUse);
    }

    private static ChatLayout LayoutOf(string path, string template, IReadOnlyDictionary<string, string> tokens)
    {
        try
        {
            return new(path, template, tokens);
        }
        catch (JinjaException malformed)
        {
            throw new RefusedInputException(path, $"is a chat template that cannot be read: {malformed.Message}");
        }
    }

    private static JsonField Stored(string folder)
    {
        var json = Path.Combine(folder, TemplateJson);
        return (File.Exists(json) ? JsonField.Read(json) : SpecialTokenNames.Read(folder).Config)["chat_template"];
    }

    /// <summary>The template for a conversation: with tools, the one for tools if the model has one (as in transformers).</summary>
    private ChatLayout LayoutFor(Conversation conversation) => conversation.Tools is null ? _default : _toolUse ?? _default;

    /// <summary>Whether the template for a conversation reads tools.</summary>
    internal bool HasPlaceForTools(Conversation conversation) => LayoutFor(conversation).HasPlaceForTools;

    /// <summary>Converts a conversation to the form its template accepts: messages that it can render, and only the further fields that it
    /// reads. Idempotent.</summary>
    public Conversation Fitted(Conversation conversation)
    {
        var layout = LayoutFor(conversation);
        var variables = new JsonObject();
        foreach (var (name, value) in conversation.Variables.Concat(conversation.Others))
            if (layout.Takes(name) && !variables.ContainsKey(name)) variables[name] = value?.DeepClone();
        return conversation with { Messages = [.. conversation.Messages.Select(layout.Fitted)], Variables = variables, Others = [] };
    }

    /// <summary>Fields of a conversation that its template does not read, by path: <c>id</c>, <c>messages[].name</c>. Excludes
    /// tools.</summary>
    internal IEnumerable<string> NotUsed(Conversation conversation)
    {
        var layout = LayoutFor(conversation);
        IEnumerable<string> Without(JsonObject fields) => fields.Select(field => field.Key).Where(name => !layout.Takes(name));
        return Without(conversation.Others).Concat(Without(conversation.Variables).Select(name => $"chat_template_kwargs.{name}"))
            .Concat(conversation.NotRead(layout.Reads));
    }

    /// <summary>Whether developer messages are passed to the template as system messages.</summary>
    internal bool RenamesDeveloper(Conversation conversation) => LayoutFor(conversation) is var layout
        && conversation.Messages.Any(message => layout.RoleOf(message) != message.Role);

    /// <summary>Renders a conversation as text.</summary>
    /// <param name="conversation">A conversation, <see cref="Fitted"/>.</param>
    /// <param name="answer">Whether to prompt for the assistant's answer (<c>add_generation_prompt</c>).</param>
    /// <exception cref="RefusedInputException">The template refuses the messages, or cannot render them.</exception>
    public string Render(Conversation conversation, bool answer)
    {
        var layout = LayoutFor(conversation);
        try
        {
            var variables = conversation.Tools is { } tools ? conversation.Variables.Append(new("tools", tools)) : conversation.Variables;
            return layout.Render([.. conversation.Messages.Select(message => message.Fields)], answer, variables);
        }
        catch (JinjaException refused)
        {
            var does = refused.ByTemplate ? "refuses" : "cannot render";
            throw new RefusedInputException(layout.Path, $"the chat template {does} the messages: {refused.Message}");
        }
    }

    /// <summary>Renders messages, unconverted, with the default template.</summary>
    internal string Render(IReadOnlyList<JsonNode?> messages, bool answer, IReadOnlyDictionary<string, JsonNode?> variables,
        DateTimeOffset? today) => _default.Render(messages, answer, variables, today);
}
