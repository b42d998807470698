using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

/// <summary>Rows that are conversations: every form comes out as OpenAI's messages and tools, and nothing of it is lost without a
/// word.</summary>
public sealed class ConversationFacts
{
    private const string Function =
        """{"name": "weather", "description": "d", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}""",
        Tool = $$"""{"type": "function", "function": {{Function}}}""",
        Question = """{"role": "user", "content": "warm?"}""", Yes = """{"role": "assistant", "content": "yes"}""";

    [Theory]
    [InlineData($$"""{"messages": [{{Question}}, {{Yes}}], "tools": [{{Tool}}]}""")]
    [InlineData($$"""{"messages": [{{Question}}, {{Yes}}], "tools": [{{Function}}]}""")]
    [InlineData($$"""{"messages": [{{Question}}, {{Yes}}], "functions": [{{Function}}], "tools": null}""")]
    [InlineData("""{"messages": [{"role": "user", "content": "warm?"}, {"role": "assistant", "content": "yes"}], "tools": "[{\"name\": \"weather\", \"description\": \"d\", \"parameters\": {\"type\": \"object\", \"properties\": {\"city\": {\"type\": \"string\"}}}}]"}""")]
    [InlineData("""{"messages": [{"role": "user", "content": "warm?"}, {"role": "assistant", "content": "yes"}], "tools": ["{\"name\": \"weather\", \"description\": \"d\", \"parameters\": {\"type\": \"object\", \"properties\": {\"city\": {\"type\": \"string\"}}}}"]}""")]
    [InlineData("""{"messages": [{"role": "user", "content": "warm?"}, {"role": "assistant", "content": "yes"}], "tools": [{"type": "function", "function": {"name": "weather", "description": "d", "strict": null, "parameters": {"type": "object", "properties": {"city": {"type": "string", "enum": null}, "days": null}}}}]}""")]
    [InlineData("""{"conversations": [{"from": "human", "value": "warm?"}, {"from": "gpt", "value": "yes"}], "tools": "[{\"type\": \"function\", \"function\": {\"name\": \"weather\", \"description\": \"d\", \"parameters\": {\"type\": \"object\", \"properties\": {\"city\": {\"type\": \"string\"}}}}}]"}""")]
    [InlineData($$"""{"instruction": "warm?", "input": "", "output": "yes", "tools": [{{Tool}}]}""")]
    public void Tools_are_the_same_however_they_are_written(string row)
    {
        var read = Read(row);
        Assert.Equal(JsonSerializer.Serialize(JsonDocument.Parse($"[{Tool}]").RootElement), read.Tools!.ToJsonString());
        Assert.Equal([("user", "warm?"), ("assistant", "yes")], read.Messages.Select(message => (message.Role, message.Content)));
        Assert.Empty(read.Others);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"\"")]
    [InlineData("\"[]\"")]
    public void No_tools_are_none(string tools) =>
        Assert.Null(Read($$"""{"messages": [{{Question}}, {{Yes}}], "tools": {{tools}}}""").Tools);

    [Theory]
    [InlineData("""{"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": {"city": "Oslo", "days": 2}}}]}""")]
    [InlineData("""{"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\", \"days\": 2}"}}]}""")]
    [InlineData("""{"role": "assistant", "tool_calls": [{"name": "weather", "arguments": {"city": "Oslo", "days": 2}}]}""")]
    [InlineData("""{"role": "assistant", "tool_calls": "[{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\", \"days\": 2}}]"}""")]
    [InlineData("""{"role": "assistant", "content": null, "function_call": {"name": "weather", "arguments": "{\"city\": \"Oslo\", \"days\": 2}"}, "tool_calls": null}""")]
    [InlineData("""{"from": "function_call", "value": "{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\", \"days\": 2}}"}""")]
    [InlineData("""{"role": "assistant", "name": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": {"city": "Oslo", "days": 2, "unit": null}}}]}""")]
    public void Calls_are_the_same_however_they_are_written(string call)
    {
        var message = Read($$"""{"messages": [{{Question}}, {{call}}]}""").Messages[^1];
        Assert.Equal(("assistant", "", true), (message.Role, message.Content, message.Learnt));
        Assert.Equal("""[{"type":"function","function":{"name":"weather","arguments":{"city":"Oslo","days":2}}}]""",
            message.Calls!.ToJsonString());
        Assert.Equal(["role", "content", "tool_calls"], message.Fields.Select(field => field.Key));
    }

    [Fact]
    public void A_null_that_a_call_means_stays_where_nothing_says_that_it_was_made_by_columns()
    {
        string Arguments(string call, string more = "") =>
            Read($$"""{"messages": [{"role": "user", "content": "q"{{more}} }, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": {{call}} } }]}]}""").Messages[^1].Calls![0]!["function"]!["arguments"]!.ToJsonString();
        const string Meant = """{"a":null,"b":1}""", AsText = "\"{\\\"a\\\": null, \\\"b\\\": 1}\"";
        Assert.Equal((Meant, Meant), (Arguments(Meant), Arguments(AsText)));
        Assert.Equal(("""{"b":1}""", Meant), (Arguments(Meant, ""","tool_calls": null"""), Arguments(AsText, ""","tool_calls": null""")));
    }

    [Fact]
    public void Null_fields_are_as_if_they_were_not_there()
    {
        var plain = Read($$"""{"messages": [{{Question}}, {{Yes}}]}""");
        var written =
            Read("""{"id": null, "system": null, "tools": null, "functions": null, "chat_template_kwargs": null, "messages": [{"role": "user", "content": "warm?", "name": null, "weight": null, "tool_calls": null, "function_call": null, "tool_call_id": null}, {"role": "assistant", "content": "yes", "name": null, "weight": null, "tool_calls": null, "function_call": null, "refusal": null}]}""");
        Assert.Equal(plain.Messages.Select(message => message.Fields.ToJsonString()), written.Messages.Select(message =>
            message.Fields.ToJsonString()));
        Assert.Equal((plain.Key, 0), (written.Key, written.Others.Count));
        Assert.All(written.Messages.Skip(1), message => Assert.True(message.Learnt));
    }

    [Theory]
    [InlineData("""{"instruction": "warm?", "input": "", "output": "yes", "system": "Be kind."}""")]
    [InlineData("""{"conversations": [{"from": "human", "value": "warm?"}, {"from": "gpt", "value": "yes"}], "system": "Be kind."}""")]
    [InlineData("""{"conversation": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "warm?"}, {"role": "assistant", "content": "yes"}], "system": ""}""")]
    [InlineData($$"""{"messages": [{{Question}}, {{Yes}}], "system": "Be kind."}""")]
    [InlineData($$"""{"messages": [{"role": "system", "content": "Be kind."}, {{Question}}, {{Yes}}], "system": "Be kind."}""")]
    [InlineData($$"""{"prompt": [{"role": "system", "content": "Be kind."}, {{Question}}], "completion": [{{Yes}}]}""")]
    public void A_system_message_is_the_first_turn_wherever_it_stands(string row) =>
        Assert.Equal([("system", "Be kind."), ("user", "warm?"), ("assistant", "yes")], Read(row).Messages.Select(message =>
            (message.Role, message.Content)));

    [Fact]
    public void The_history_of_an_Alpaca_row_is_what_was_said_before_and_is_learnt_too()
    {
        var read =
            Read("""{"instruction": "And now?", "input": "in Oslo", "output": "cold", "history": [["warm?", "yes"], ["sure?", "quite"]], "system": "Be kind."}""");
        Assert.Equal([("system", "Be kind.", false), ("user", "warm?", false), ("assistant", "yes", true), ("user", "sure?", false),
            ("assistant", "quite", true), ("user", "And now?\n\nin Oslo", false), ("assistant", "cold", true)],
            read.Messages.Select(message => (message.Role, message.Content, message.Learnt)));
        foreach (var none in (string[])["null", "[]", "\"\""]) Assert.Equal(2,
            Read($$"""{"instruction": "a", "output": "b", "history": {{none}}}""").Messages.Count);
    }

    [Fact]
    public void Of_a_prompt_and_its_completion_the_completion_alone_is_learnt() =>
        Assert.Equal([false, false, false, true],
            Read($$"""{"prompt": [{{Question}}, {{Yes}}, {{Question}}], "completion": [{{Yes}}]}""").Messages.Select(message =>
            message.Learnt));

    [Theory]
    [InlineData("0", false)]
    [InlineData("0.0", false)]
    [InlineData("1", true)]
    [InlineData("1.0", true)]
    [InlineData("null", true)]
    public void A_weight_says_whether_an_answer_is_learnt(string weight, bool learnt) =>
        Assert.Equal([false, learnt, false, true],
            Read($$"""{"messages": [{{Question}}, {"role": "assistant", "content": "yes", "weight": {{weight}}}, {{Question}}, {{Yes}}]}""").Messages.Select(message => message.Learnt));

    [Fact]
    public void Everything_else_of_a_row_is_kept_for_the_template_or_to_be_named()
    {
        var read =
            Read($$"""{"id": 7, "messages": [{{Question}}, {"role": "assistant", "content": "yes", "reasoning_content": "hm"}], "topic": "sky", "chat_template_kwargs": {"enable_thinking": false}, "parallel_tool_calls": true, "conversations": "old"}""");
        Assert.Equal(["id", "topic", "parallel_tool_calls", "conversations"], read.Others.Select(field => field.Key));
        Assert.Equal("""{"enable_thinking":false}""", read.Variables.ToJsonString());
        Assert.Equal(["messages[].reasoning_content"], read.NotRead(field => field is "role" or "content"));
    }

    [Theory]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y", "weight": 0.5}]}""",
        "messages[1].weight: must be 0 or 1: an answer is learnt or it is not")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y", "weight": "1"}]}""",
        "messages[1].weight: must be 0 or 1: an answer is learnt or it is not")]
    [InlineData("""{"messages": [{"role": "user", "content": "x", "weight": 1}, {"role": "assistant", "content": "y"}]}""",
        "messages[0].weight: must be on a message of the assistant: nothing else is learnt")]
    [InlineData("""{"conversations": [{"from": "human", "value": "x"}, {"from": "gpt", "value": "y", "weight": 2}]}""",
        "conversations[1].weight: must be 0 or 1: an answer is learnt or it is not")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": "[1]"}}]}]}""", "messages[1].tool_calls[0].function.arguments: must be a JSON object; it is a list")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": "{city: Oslo}"}}]}]}""", "messages[1].tool_calls[0].function.arguments: is a text that is not JSON")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": "{\"a\": 1, \"a\": 2}"}}]}]}""", "messages[1].tool_calls[0].function.arguments: is a text that is not JSON")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": 3}}]}]}""", "messages[1].tool_calls[0].function.arguments: must be an object, or its JSON as a text")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [{"type": "function", "function": {"arguments": {}}}]}]}""", "messages[1].tool_calls[0].function.name: must be a text: the name of the function")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [{"type": "custom", "custom": {"name": "f", "input": "x"}}]}]}""", "messages[1].tool_calls[0].type: must be function: other calls are not trained here")]
    [InlineData("""{"messages": [{"role": "user", "content": "x", "tool_calls": [{"name": "f", "arguments": {}}]}, {"role": "assistant", "content": "y"}]}""", "messages[0].tool_calls: must be on a message of the assistant: only it calls tools")]
    [InlineData("""{"conversations": [{"from": "human", "value": "x"}, {"from": "function_call", "value": "weather(Oslo)"}]}""",
        "conversations[1].value: is a text that is not JSON")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}], "tools": "weather"}""",
        "tools: is a text that is not JSON")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}], "tools": [{"type": "web_search"}]}""", "tools[0]: must be a function: {\"type\": \"function\", \"function\": {\"name\": …, \"description\": " + "…, \"parameters\": {…}}}")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}], "tools": 3}""",
        "tools: must be a function: {\"type\": \"function\", \"function\": {\"name\": …, \"description\": …, \"parameters\": {…}}}")]
    [InlineData("""{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}, {"role": "assistant", "content": "y"}]}""", "messages[0].content[0]: is a picture: models that read text are trained here, and nothing else")]
    [InlineData("""{"messages": [{"role": "user", "content": [{"type": "input_audio"}]}, {"role": "assistant", "content": "y"}]}""",
        "messages[0].content[0]: is sound: models that read text are trained here, and nothing else")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": null}]}""",
        "messages[1].content: must be a text that is not empty, or a list of parts of the type text")]
    [InlineData("""{"messages": [{"role": "system", "content": "a"}, {"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}], "system": "b"}""", "system: is another than the system message that the conversation begins with")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}], "system": ["b"]}""",
        "system: must be a text: the system message")]
    [InlineData("""{"instruction": "x", "output": "y", "history": [["a"]]}""",
        "history[0]: must be a pair of texts that are not empty: question and answer")]
    [InlineData("""{"instruction": "x", "output": "y", "history": "a, b"}""", "history: must be a list of pairs: question and answer")]
    [InlineData("""{"instruction": "x", "input": ["a"], "output": "y"}""", "input: must be a text")]
    [InlineData("""{"prompt": "x", "chosen": "y", "rejected": "z"}""",
        "chosen: is preference data (chosen and rejected), which is not trained here: give the better answer as a message")]
    [InlineData("""{"prompt": [{"role": "user", "content": "x"}], "completion": [{"role": "assistant", "content": "y"}], "label": false}""",
        "label: marks good and bad completions, which is not trained here: remove the bad ones and the label")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}], "chat_template_kwargs": [1]}""",
        "chat_template_kwargs: must be an object with variables of the chat template")]
    public void What_cannot_be_learnt_is_told_by_its_place_in_the_row(string row, string fault)
    {
        var faults = new DataFaults("c.jsonl");
        Assert.Null(Conversation.Read(JsonDocument.Parse(row).RootElement, new(3, 4), faults));
        Assert.Equal([$"c.jsonl row 3 (line 4) {fault}"], faults.All.Select(f => $"{f}"));
    }

    [Fact]
    public void Conversations_to_be_answered_end_before_the_answer()
    {
        using var folder = new TestFolder();
        var prompt = Assert.Single(PromptFile.ReadUnanswered(folder.File("asked.jsonl",
            $$"""{"messages": [{{Question}}], "tools": [{{Tool}}], "system": "Be kind."}""")).Prompts);
        Assert.Equal(["system", "user", "assistant"], prompt.Conversation!.Messages.Select(message => message.Role));
        Assert.NotNull(prompt.Conversation.Tools);
        folder.File("answered.jsonl", $$"""{"messages": [{{Question}}, {{Yes}}]}""");
        Assert.Contains("messages[1]: must not be of the assistant", Assert.Throws<RefusedInputException>(() =>
            PromptFile.ReadUnanswered(folder.At("answered.jsonl"))).Message);
    }

    [Fact]
    public void Prompts_with_other_tools_system_messages_or_calls_are_other_prompts()
    {
        string[] rows =
        [
            $$"""{"messages": [{{Question}}, {{Yes}}]}""", $$"""{"messages": [{{Question}}, {{Yes}}], "tools": [{{Tool}}]}""",
                $$"""{"messages": [{{Question}}, {{Yes}}], "system": "Be kind."}""",
            $$"""{"messages": [{{Question}}, {"role": "assistant", "tool_calls": [{"name": "f", "arguments": {"a": 1} }]}, {{Question}}, {{Yes}}]}""",
            $$"""{"messages": [{{Question}}, {"role": "assistant", "tool_calls": [{"name": "f", "arguments": {"a": 2} }]}, {{Question}}, {{Yes}}]}""",
            $$"""{"messages": [{{Question}}, {{Yes}}], "chat_template_kwargs": {"enable_thinking": false} }""",
        ];
        var prompts = rows.Concat(rows).Select(row => Prompt.Of("", Read(row))).ToArray();
        Assert.Equal(rows.Length, Prompt.Grouped(prompts).Count);
    }

    private static Conversation Read(string row)
    {
        var faults = new DataFaults("c.jsonl");
        var read = Conversation.Read(JsonDocument.Parse(row).RootElement, new(1, 1), faults);
        Assert.Empty(faults.All.Select(fault => $"{fault}"));
        return read!;
    }
}
