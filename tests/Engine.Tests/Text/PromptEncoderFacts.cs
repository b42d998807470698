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
    private const string ThoughtLeftOut = "{% for m in messages %}{{ m['role'] + ':' + m['content'] + (eos_token if m['role'] == 'assistant' else ' ') }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant:think:' }}{% endif %}";

    /// <summary>As ChatML: a turn ends with a token that is not the model's end.</summary>
    private const string OwnEnd = "{% for m in messages %}{{ m['role'] + ':' + m['content'] + '<mask>' }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}";

    private const string Strict = "{% if messages | length > 2 %}{{ raise_exception('one question, please') }}{% endif %}" + OwnEnd;

    private readonly TinyTask _task = new(generates: true);

    public void Dispose() => _task.Dispose();

    [Theory]
    [InlineData(SystemInLastQuestion, "[be kind good film] ", "fine</s>")]
    [InlineData(ThoughtLeftOut, "system:be kind user:good film assistant:think:", "fine</s>")]
    [InlineData(OwnEnd, "system:be kind<mask>user:good film<mask>assistant:", "fine<mask>")]
    public void The_last_answer_is_learnt_after_the_prompt_that_asks_for_it(string template, string prompt, string answer)
    {
        var encoder = Encoder(template);
        ChatMessage[] messages = [ChatMessage.Of("system", "be kind"), ChatMessage.Of("user", "good film"), ChatMessage.Of("assistant", "fine")];
        var encoded = encoder.Encode(Asked(messages));
        string Read(IEnumerable<int> places) => encoder.Tokenizer.Decode(places.Select(place => encoded.Text.Ids[place]), skipSpecialTokens: false);
        Assert.Equal(answer.Trim(), Read(encoded.Learnt).Trim());
        Assert.Equal(prompt.Trim(), Read(Enumerable.Range(0, encoded.Learnt[0])).Trim());
        Assert.Equal(encoder.EncodeToAnswer(Asked(messages), 4).Ids, encoded.Text.Ids[..encoded.Learnt[0]]); // what is learnt is what will be asked
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
        var encoded = Encoder(OwnEnd).Encode(Asked([ChatMessage.Of("assistant", "hello"), ChatMessage.Of("user", "good"), ChatMessage.Of("assistant", "fine")]));
        Assert.InRange(encoded.Learnt[0], encoded.Text.Ids.Length / 2, encoded.Text.Ids.Length - 1);
    }

    [Fact]
    public void Rows_that_the_template_refuses_are_named()
    {
        ChatMessage[] one = [ChatMessage.Of("user", "good"), ChatMessage.Of("assistant", "fine")];
        var refused = Assert.Throws<RefusedInputException>(() => Encoder(Strict).Encode([Asked(one), Asked([.. one, .. one]) with { Place = "chat.jsonl row 2 (line 2)" }], out _));
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

    private static Prompt Asked(ChatMessage[] messages) => new("", "", "", [], "", messages);

    private PromptEncoder Encoder(string template)
    {
        File.WriteAllText(Path.Combine(_task.Model, "chat_template.jinja"), template.Trim());
        return new(_task.Model, (DecoderConfig)ModelConfig.Read(_task.Model), 64, [new() { Chat = true }]);
    }
}
