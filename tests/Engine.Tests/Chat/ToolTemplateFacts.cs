using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

/// <summary>Rows with tools, calls and other things that people have, laid out by published templates as Jinja2 lays out what transformers
/// would give it (Golden/chat_tools.py).</summary>
public sealed class ToolTemplateFacts
{
    private static readonly JsonElement Golden = Read("chat_tools.json"), Known = Read("chat_templates.json");

    /// <summary>Templates that write no calls: a row with one is refused by <see cref="PromptEncoder"/>.</summary>
    private static readonly string[] WithoutCalls = ["gemma-3", "llama-3"];

    public static TheoryData<string> Templates => ["llama-3.1", "mistral-nemo", "qwen2.5", "qwen3", "deepseek-v3", "gemma-3", "llama-3"];

    [Theory, MemberData(nameof(Templates))]
    public void Every_row_is_laid_out_as_the_reference_lays_it_out(string name)
    {
        var template = Template(name);
        var compared = 0;
        foreach (var @case in Golden.GetProperty("cases").EnumerateArray())
        {
            var what = @case.GetProperty("name").GetString();
            var faults = new DataFaults("golden");
            var row = Conversation.Read(@case.GetProperty("row"), new(1), faults);
            Assert.True(row is not null, $"{what}: {string.Join("; ", faults.All)}");
            if (WithoutCalls.Contains(name) && row.Messages.Any(message => message.Calls is not null)) continue;
            var fitted = template.Fitted(row);
            var expected = @case.GetProperty("expected").GetProperty(name);
            compared++;
            if (expected.TryGetProperty("raises", out var raises))
                Assert.Contains($"the chat template refuses the messages: {raises.GetString()}",
                    Assert.Throws<RefusedInputException>(() => template.Render(fitted, answer: false)).Message);
            else
            {
                Assert.Equal((what, expected.GetProperty("whole").GetString()), (what, template.Render(fitted, answer: false)));
                Assert.Equal((what, expected.GetProperty("prompt").GetString()),
                    (what, template.Render(fitted.Until(fitted.Messages.Count - 1), answer: true)));
            }
            Assert.Equal(fitted.Messages.Select(message => message.Fields.ToJsonString()),
                template.Fitted(fitted).Messages.Select(message => message.Fields.ToJsonString())); // what is fitted stays as it is
        }
        Assert.True(compared >= 5);
    }

    [Theory]
    [InlineData("gemma-3", """[{"type":"text","text":"a"},{"type":"text","text":"b"}]""")] // goes through the parts itself
    [InlineData("qwen3", "\"ab\"")]
    [InlineData("llama-3", "\"ab\"")] // would print Python's list
        public void Parts_are_given_to_a_template_that_goes_through_them_and_as_one_text_to_others(string name, string content)
    {
        var row =
            Conversation.Read(
                JsonDocument.Parse(
                """{"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, {"role": "assistant", "content": "c"}]}""").RootElement, new(1), new DataFaults("x"))!;
        Assert.Equal(content, Template(name).Fitted(row).Messages[0].Fields["content"]!.ToJsonString());
    }

    [Fact]
    public void A_template_that_reads_parts_alone_is_given_parts()
    {
        var template =
            ChatTemplate.Of("t", "{% for m in messages %}{% for part in m.content %}{% if part.type == 'text' %}{{ part.text }}{% "
                + "endif %}{% endfor %}|{% endfor %}", new Dictionary<string, string>());
        Assert.Equal("hello|hi|", template.Render(template.Fitted(new([ChatMessage.Of("user", "hello"), ChatMessage.Of("assistant",
            "hi")])), answer: false));
    }

    [Theory]
    [InlineData("tools: {{ m.tool_calls[0].function.arguments | tojson }}", """tools: {"a": 1}""")]
    [InlineData("{{ 'tools: ' + m.tool_calls[0].function.arguments }}", """tools: {"a": 1}""")]
    [InlineData("tools: {{ m.tool_calls[0].function.arguments }}", """tools: {"a": 1}""")] // Python would print {'a': 1}
    [InlineData("tools: {% for k, v in m.tool_calls[0].function.arguments.items() %}{{ k ~ '=' ~ v }}{% endfor %}", "tools: a=1")]
    [InlineData("tools: {% for k, v in m.tool_calls[0].function.arguments | items %}{{ k ~ '=' ~ v }}{% endfor %}", "tools: a=1")]
    public void Arguments_come_out_as_JSON_once_whatever_a_template_does_with_them(string call, string expected)
    {
        var template = ChatTemplate.Of("t",
            "{% for m in messages %}{% if m.tool_calls %}{{ m.tool_calls[0].function.name }} " + call + "{% endif %}{% endfor %}",
            new Dictionary<string, string>());
        foreach (var arguments in (string[])["{\"a\": 1}", "\"{\\\"a\\\": 1}\"", "\" {\\\"a\\\":1} \""])
        {
            var row =
                Conversation.Read(
                    JsonDocument.Parse(
                    $$"""{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": null, "tool_calls": [{"name": "f", "arguments": {{arguments}}}]}]}""").RootElement, new(1), new DataFaults("x"))!;
            Assert.Equal($"f {expected}", template.Render(template.Fitted(row), answer: false));
        }
    }

    private static ChatTemplate Template(string name)
    {
        var about = Golden.GetProperty("templates").TryGetProperty(name, out var own) ? own : Known.GetProperty("templates")
            .GetProperty(name);
        return ChatTemplate.Of(name, about.GetProperty("template").GetString()!, about.GetProperty("special_tokens").EnumerateObject()
            .ToDictionary(token => token.Name, token => token.Value.GetString()!));
    }

    private static JsonElement Read(string file) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Golden",
        file))).RootElement;
}
