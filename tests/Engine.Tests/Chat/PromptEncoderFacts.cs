using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

/// <summary>Conversations as a language model learns them, by templates of the kinds that are published.</summary>
public sealed class PromptEncoderFacts : IDisposable
{
    /// <summary>As Mistral's: the system's message stands in the last question, where the user speaks last.</summary>
    private const string SystemInLastQuestion = """
        {% set system = messages[0]['content'] if messages[0]['role'] == 'system' else '' %}{% for m in messages %}{% if m['role'] == 'user' %}{{ '[' + (system + ' ' if loop.last and system else '') + m['content'] + ']' }}{% elif m['role'] == 'assistant' %}{{ ' ' + m['content'] + eos_token }}{% endif %}{% endfor %}
        """;

    /// <summary>As DeepSeek-R1's: an answer is asked for with an open thought, and is past without one.</summary>
    private const string ThoughtLeftOut =
        "{% for m in messages %}{{ m['role'] + ':' + m['content'] + (eos_token if m['role'] == 'assistant' "
            + "else ' ') }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant:think:' }}{% endif %}";

    /// <summary>As ChatML: a turn ends with a token that is not the model's end.</summary>
    private const string OwnEnd = "{% for m in messages %}{{ m['role'] + ':' + m['content'] + '<mask>' }}{% endfor %}{% if "
        + "add_generation_prompt %}{{ 'assistant:' }}{% endif %}";

    private const string Strict = "{% if messages | length > 2 %}{{ raise_exception('one question, please') }}{% endif %}" + OwnEnd;

    /// <summary>As Qwen's, in short: names of tools before the messages, and calls as JSON. A last answer begins with an empty thought, an
    /// earlier one does not.</summary>
    private const string Tools = "{% if tools %}{% for t in tools %}{{ t.function.name + ';' }}{% endfor %}{% endif %}{% for m in "
        + "messages %}{{ m.role + ':' }}{% if loop.last and m.role == 'assistant' %}{{ '##' }}{% endif %}{{ " + "m.content }}"
        + "{% for call in m.tool_calls or [] %}{{ '[' + call.function.name + (call.function.arguments | "
        + "tojson) + ']' }}{% endfor %}{{ '<mask>' }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant:' "
        + "}}{% if tone is defined %}{{ tone }}{% endif %}{% endif %}";

    private static readonly ChatMessage Question = ChatMessage.Of("user", "good?"), Answer = ChatMessage.Of("assistant", "fine");

    private readonly TinyTask _task = new(generates: true);

    public void Dispose() => _task.Dispose();

    [Theory]
    [InlineData(SystemInLastQuestion, "[be kind good film] ", "fine</s>")]
    [InlineData(ThoughtLeftOut, "system:be kind user:good film assistant:think:", "fine</s>")]
    [InlineData(OwnEnd, "system:be kind<mask>user:good film<mask>assistant:", "fine<mask>")]
    public void The_last_answer_is_learnt_after_the_prompt_that_asks_for_it(string template, string prompt, string answer)
    {
        var encoder = Encoder(template);
        ChatMessage[] messages = [ChatMessage.Of("system", "be kind"), ChatMessage.Of("user", "good film"),
            ChatMessage.Of("assistant", "fine")];
        var encoded = encoder.Encode(Asked(messages));
        string Read(IEnumerable<int> places) =>
            encoder.Tokenizer.Decode(places.Select(place => encoded.Text.Ids[place]), skipSpecialTokens: false);
        Assert.Equal(answer.Trim(), Read(encoded.Learnt).Trim());
        Assert.Equal(prompt.Trim(), Read(Enumerable.Range(0, encoded.Learnt[0])).Trim());
        // what is learnt is what will be asked
        Assert.Equal(encoder.EncodeToAnswer(Asked(messages), 4).Ids, encoded.Text.Ids[..encoded.Learnt[0]]);
    }

    [Fact]
    public void An_answer_ends_where_the_template_ends_a_turn_besides_where_the_model_does()
    {
        var encoder = Encoder(OwnEnd);
        Assert.Equal([encoder.Tokenizer.EndId!.Value, encoder.Tokenizer.MaskId!.Value], encoder.EndIds.Order());
        Assert.Equal([encoder.Tokenizer.EndId.Value], Encoder(ThoughtLeftOut).EndIds);
    }

    [Fact]
    public void What_the_assistant_begins_with_is_not_learnt()
    {
        var encoded = Encoder(OwnEnd)
            .Encode(Asked([ChatMessage.Of("assistant", "hello"), ChatMessage.Of("user", "good"), ChatMessage.Of("assistant", "fine")]));
        Assert.InRange(encoded.Learnt[0], encoded.Text.Ids.Length / 2, encoded.Text.Ids.Length - 1);
    }

    [Fact]
    public void Rows_that_the_template_refuses_are_named()
    {
        ChatMessage[] one = [ChatMessage.Of("user", "good"), ChatMessage.Of("assistant", "fine")];
        var refused = Assert.Throws<RefusedInputException>(() =>
            Encoder(Strict).Encode([Asked(one), Asked([.. one, .. one]) with { Place = "chat.jsonl row 2 (line 2)" }], out _));
        var fault = Assert.Single(refused.Faults);
        Assert.Equal("chat.jsonl row 2 (line 2)", fault.Path);
        Assert.Contains("the chat template refuses the messages: one question, please", fault.Message);
    }

    [Fact]
    public void Ends_that_the_model_does_not_know_are_passed_over()
    {
        var config = (DecoderConfig)ModelConfig.Read(_task.Model);
        File.WriteAllText(Path.Combine(_task.Model, "generation_config.json"), """{"eos_token_id": [-1, 2, 5000]}""");
        Assert.Equal([2], new PromptEncoder(_task.Model, config, 64, _task.Request().Task.TextChoices).EndIds);
    }

    [Fact]
    public void Tools_and_variables_reach_the_template_and_tools_have_a_template_of_their_own()
    {
        string Prompt(PromptEncoder encoder, string more) =>
            encoder.Tokenizer.Decode(
                encoder.EncodeToAnswer(
                Row($$"""{"messages": [{"role": "user", "content": "good?"}, {"role": "assistant", "content": "fine"}]{{more}}}"""), 4).Ids,
                skipSpecialTokens: false);
        var encoder = Encoder(Tools);
        Assert.Equal("user:good?<mask>assistant:", Prompt(encoder, ""));
        Assert.Equal("f;user:good?<mask>assistant:", Prompt(encoder, """, "tools": [{"name": "f"}]"""));
        Assert.Equal("user:good?<mask>assistant:low", Prompt(encoder, """, "chat_template_kwargs": {"tone": "low"}"""));
        Assert.Equal("user:good?<mask>assistant:low",
            Prompt(encoder, """, "tone": "low", "messages_": "x", "eos_token": "x", "add_generation_prompt": false"""));
        Directory.CreateDirectory(Path.Combine(_task.Model, "additional_chat_templates"));
        File.WriteAllText(Path.Combine(_task.Model, "additional_chat_templates", "tool_use.jinja"),
            "{{ 'use ' + tools[0].function.name }}");
        encoder = Encoder(Tools);
        Assert.Equal(("user:good?<mask>assistant:", "use f"), (Prompt(encoder, ""), Prompt(encoder, """, "tools": [{"name": "f"}]""")));
        Assert.Contains("additional_chat_templates/tool_use.jinja", ModelFolder.Files(_task.Model).Select(file =>
            file.Name)); // and so a change of it is seen, and a service fetches it
    }

    [Theory]
    [InlineData("""{"name": "f", "arguments": {"a": 1}}""")]
    [InlineData("""{"name": "f", "arguments": "{\"a\": 1}"}""")]
    public void A_call_is_learnt_as_the_template_writes_it_and_is_what_answers_are_held_against(string call)
    {
        var encoder = Encoder(Tools);
        var prompt =
            Row($$"""{"messages": [{"role": "user", "content": "good?"}, {"role": "assistant", "content": null, "tool_calls": [{{call}}]}]}""");
        Assert.Equal("""##[f{"a": 1}]<mask>""", Learnt(encoder, encoder.Encode(prompt)));
        Assert.Equal(["""##[f{"a": 1}]"""], Assert.Single(encoder.Asked([prompt, prompt])).References);
    }

    [Fact]
    public void An_earlier_call_is_learnt_with_its_end_though_the_template_writes_it_otherwise_when_it_is_the_last()
    {
        var encoder = Encoder(Tools);
        string[] Answers(string weight) =>
            [.. Learnt(encoder,
                encoder.Encode(
                Row($$"""{"messages": [{"role": "user", "content": "good?"}, {"role": "assistant", "tool_calls": [{"name": "f", "arguments": {} }]{{weight}} }, {"role": "tool", "content": "7"}, {"role": "assistant", "content": "yes"}]}"""))).Split("<mask>")];
        Assert.Equal(["[f{}]", "##yes", ""], Answers(""));
        Assert.Equal(["##yes", ""], Answers(""", "weight": 0"""));
    }

    /// <summary>As DeepSeek-V3's: the mark comes after the second call.</summary>
    [Fact]
    public void An_answer_that_the_template_puts_no_end_after_is_learnt_to_its_end_and_that_is_said()
    {
        const string NoEnd = "{% for m in messages %}{{ m.role + ':' + (m.content or '') }}{% for call in m.tool_calls or [] %}"
            + "{{ call.function.name + (call.function.arguments | tojson) }}{% if not loop.first %}{{ '<mask>' }}{% endif %}{% endfor %}"
            + "{% if not m.tool_calls %}{{ '<mask>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}";
        const string Call = """{"name": "f", "arguments": {"a": 1}}""";
        Prompt Calls(string calls) =>
            Row($$"""{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [{{calls}}]}]}""");
        var encoder = Encoder(NoEnd);
        Assert.Equal("""f{"a": 1}""", Learnt(encoder, encoder.Encode(Calls(Call))));
        Assert.Equal(
            ["The chat template puts no mark after the last answer of 1 of 2 rows: a model that learns them does not learn to stop."],
            encoder.Encode([Calls(Call), Calls($"{Call}, {Call}")], out _).Remarks);
    }

    [Fact]
    public void What_a_template_does_not_look_at_is_named_once_for_a_file()
    {
        var remarks = new List<string>();
        var rows = Enumerable.Range(0, 3).Select(i =>
            Row($$"""{"id": {{i}}, "messages": [{"role": "developer", "content": "be kind"}, {"role": "user", "content": "good?"}, {"role": "assistant", "content": "fine", "reasoning_content": "hm"}], "tools": [{"name": "f"}], "chat_template_kwargs": {"deep": true} }""")).ToArray();
        var file = Encoder(OwnEnd).Fitted(new("train.jsonl", "", rows), remarks);
        Assert.Equal(["train.jsonl: not used: id, chat_template_kwargs.deep, messages[].reasoning_content",
            "train.jsonl: the chat template has no place for tools: they are not used in 3 of 3 rows",
            "train.jsonl: the chat template does not know the role developer: its messages are given to it as "
            + "system messages in 3 of 3 rows"], remarks);
        Assert.Equal("system", file.Prompts[0].Conversation!.Messages[0].Role);
        Assert.Single(Encoder(OwnEnd).Asked(file.Prompts)); // what is not used tells no prompts apart
    }

    [Fact]
    public void What_a_template_leaves_out_is_remarked_and_a_call_that_it_leaves_out_is_refused()
    {
        const string Silent = "{% for m in messages %}{% if m.role in ['user', 'assistant'] %}{{ m.role + ':' + (m.content or '') "
            + "+ '<mask>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}";
        Prompt Talk(string message) =>
            Row($$"""{"messages": [{"role": "user", "content": "good?"}, {{message}}, {"role": "user", "content": "sure?"}, {"role": "assistant", "content": "fine"}]}""");
        Assert.Equal(["The chat template leaves out what is said in the role system in 1 of 2 training rows."], Encoder(Silent)
            .Encode([Talk("""{"role": "system", "content": "be kind"}"""), Talk("""{"role": "assistant", "content": "yes"}""")], out _,
            "training rows").Remarks);
        var refused = Assert.Throws<RefusedInputException>(() => Encoder(Silent)
            .Encode([Talk("""{"role": "assistant", "tool_calls": [{"name": "weather", "arguments": {}}]}""")], out _));
        Assert.Contains("the chat template does not write the call of weather. Take", refused.Message);
    }

    [Fact]
    public void A_conversation_that_is_too_long_loses_its_left_and_keeps_its_last_answer()
    {
        ChatMessage[] talk = [ChatMessage.Of("user", "one two three four five"), ChatMessage.Of("assistant", "first"),
            ChatMessage.Of("user", "six seven"), ChatMessage.Of("assistant", "last")];
        var (whole, cut) = (Encoder(OwnEnd, 1000).Encode(Asked(talk)), Encoder(OwnEnd, 32).Encode(Asked(talk)));
        Assert.Equal((false, false, false), (whole.PromptCut, whole.AnswerCut, whole.AnswersLost));
        Assert.Equal((true, false, true, 32), (cut.PromptCut, cut.AnswerCut, cut.AnswersLost, cut.Text.Ids.Length));
        Assert.Equal("last<mask>", Learnt(Encoder(OwnEnd), cut));
        var encoder = Encoder(OwnEnd, 32);
        Assert.Equal(["1 of 2 training rows have more than 32 tokens; their prompts are cut from the left. 1 of them lose "
            + "earlier answers with it, which are not learnt."], encoder.Encode([Asked(talk), Asked([Question, Answer])], out _,
            "training rows").Remarks);
    }

    [Fact]
    public void An_answer_that_is_too_long_by_itself_loses_its_right_and_that_is_said()
    {
        var encoder = Encoder(OwnEnd, 24);
        var set = encoder.Encode([Asked([Question, ChatMessage.Of("assistant", "one two three four five six seven eight nine ten")])],
            out _, "training rows");
        Assert.Equal("1 of 1 training rows have an answer that is too long by itself for 24 tokens; it is cut at the right.",
            set.Remarks[^1]);
        Assert.Equal(24, set.Lengths[0]);
        Assert.StartsWith("one two", encoder.Tokenizer.Decode(set.Learnt[0].Select(place => set.Texts[0].Ids[place])));
        Assert.Equal(23, set.Learnt[0].Length);
    }

    private static Prompt Row(string row)
    {
        var faults = new DataFaults("c.jsonl");
        var read = Conversation.Read(JsonDocument.Parse(row).RootElement, new(1, 1), faults);
        Assert.Empty(faults.All.Select(fault => $"{fault}"));
        return Prompt.Of("c.jsonl row 1 (line 1)", read!);
    }

    private static string Learnt(PromptEncoder encoder, EncodedPrompt encoded) => encoder.Tokenizer.Decode(encoded.Learnt.Select(place =>
        encoded.Text.Ids[place]), skipSpecialTokens: false);

    private static Prompt Asked(ChatMessage[] messages) => Prompt.Of("", new(messages));

    private PromptEncoder Encoder(string template, int maxLength = 64)
    {
        File.WriteAllText(Path.Combine(_task.Model, "chat_template.jinja"), template.Trim());
        return new(_task.Model, (DecoderConfig)ModelConfig.Read(_task.Model) with { Positions = 1024 }, maxLength, [new() { Chat = true }]);
    }
}
