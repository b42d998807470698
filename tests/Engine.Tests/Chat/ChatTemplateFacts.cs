using System.Text.Json;
using System.Text.Json.Nodes;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

/// <summary>Chat templates of published models, rendered as Jinja2 and transformers render them (Golden/README.md).</summary>
public sealed class ChatTemplateFacts : IDisposable
{
    private static readonly JsonElement Golden =
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Golden", "chat_templates.json"))).RootElement;

    private static readonly DateTimeOffset Day = new(2031, 3, 5, 12, 0, 0, TimeSpan.Zero);

    private readonly TestFolder _folder = new();

    public static TheoryData<string> Templates => [.. Golden.GetProperty("templates").EnumerateObject().Select(template => template.Name)];

    public void Dispose() => _folder.Dispose();

    [Theory, MemberData(nameof(Templates))]
    public void Every_conversation_is_laid_out_as_the_reference_lays_it_out(string name)
    {
        var about = Golden.GetProperty("templates").GetProperty(name);
        var template = ChatTemplate.Of(name, about.GetProperty("template").GetString()!,
            about.GetProperty("special_tokens").EnumerateObject().ToDictionary(token => token.Name, token => token.Value.GetString()!));
        foreach (var @case in Golden.GetProperty("cases").EnumerateArray())
        {
            if (!@case.GetProperty("expected").TryGetProperty(name, out var expected)) continue;
            foreach (var (field, answers) in new[] { ("no_prompt", (bool[])[false]), ("prompt", [true]), ("both", [false, true]) })
                if (expected.TryGetProperty(field, out var wanted))
                    foreach (var answer in answers)
                        Assert.Equal((@case.GetProperty("name").GetString(), Wanted(wanted)),
                            (@case.GetProperty("name").GetString(), Rendered(template, @case, answer)));
        }
    }

    [Theory]
    [InlineData("{{ 'a' + 1 }}", "a text + a number means nothing (line 1 of the template)")]
    [InlineData("{{ nothing.at }}", "'nothing' is undefined (line 1")]
    [InlineData("x\n{% include 'other' %}", "{% include %} is not supported in chat templates here (line 2")]
    [InlineData("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", "takes more than 5000000 steps")]
    [InlineData("{% for i in range(9999999) %}{% endfor %}", "range gives more than 100000 numbers")]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "macros call each other deeper than 100")]
    [InlineData("{% set ns = namespace(t='0123456789') %}{% for i in range(30) %}{% set ns.t = ns.t + ns.t %}{% endfor %}{{ ns.t }}",
        "MiB of text come out")]
    [InlineData("{% if x %}", "the template ends too early")]
    [InlineData("{{ 'open", "a text is never closed")]
    [InlineData("{{ messages | frobnicate }}", "the filter 'frobnicate' is not supported here")]
    [InlineData("{{ strftime_now('%Y') }}", "'strftime_now', which is undefined, cannot be called")]
    [InlineData("{{ raise_exception('Roles must alternate') }}", "the chat template refuses the messages: Roles must alternate")]
    public void A_template_that_cannot_be_run_says_why_and_where_and_none_goes_on_for_ever(string template, string why) =>
        Assert.Contains(why, Assert.Throws<RefusedInputException>(() => ChatTemplate.Of("t.jinja", template, new Dictionary<string,
            string>()).Render(new([ChatMessage.Of("user", "Hello")]), answer: true)).Message);

    [Fact]
    public void Parentheses_without_end_are_refused_and_end_no_process() =>
        Assert.Contains("nested deeper than 100",
            Assert.Throws<RefusedInputException>(() =>
            ChatTemplate.Of("t", $"{{{{ {new string('(', 5000)} }}}}", new Dictionary<string, string>())).Message);

    [Theory]
    [InlineData("chat_template.jinja", "{{ bos_token }}{{ messages[0].content }}")]
    [InlineData("chat_template.json", """{"chat_template": "{{ bos_token }}{{ messages[0].content }}"}""")]
    [InlineData("tokenizer_config.json", """{"bos_token": "<s>", "chat_template": "{{ bos_token }}{{ messages[0].content }}"}""")]
    [InlineData("tokenizer_config.json",
        """{"bos_token": {"content": "<s>"}, "chat_template": [{"name": "rag", "template": "no"}, {"name": "default", "template": "{{ bos_token }}{{ messages[0].content }}"}]}""")]
    public void The_template_is_found_wherever_models_keep_it(string file, string content)
    {
        if (file != "tokenizer_config.json") _folder.File("tokenizer_config.json", """{"bos_token": "<s>", "chat_template": "older"}""");
        _folder.File(file, content);
        Assert.Equal("<s>Hello", ChatTemplate.Load(_folder.Path)!.Render(new([ChatMessage.Of("user", "Hello")]), answer: false));
    }

    [Fact]
    public void A_model_without_one_has_none() => Assert.Null(ChatTemplate.Load(_folder.Path));

    private static string Wanted(JsonElement wanted) => wanted.TryGetProperty("text", out var text) ? text.GetString()!
        : wanted.GetProperty("raises").GetString() == "template" ? $"template: {wanted.GetProperty("message").GetString()}" : "undefined";

    private static string Rendered(ChatTemplate template, JsonElement @case, bool answer)
    {
        try
        {
            var variables = @case.GetProperty("variables").EnumerateObject()
                .ToDictionary(v => v.Name, v => JsonNode.Parse(v.Value.GetRawText()));
            return template.Render([.. @case.GetProperty("messages").EnumerateArray()
                .Select(message => JsonNode.Parse(message.GetRawText()))], answer, variables, Day);
        }
        catch (JinjaException refused)
        {
            return refused.ByTemplate ? $"template: {refused.Message}" : "undefined";
        }
    }
}
