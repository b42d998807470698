using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraDrop.Engine.Tests;

/// <summary>Runs on files of conversations as people have them (Cases): what stands in a row is learnt from, or named.</summary>
public sealed class ConversationRunFacts : IDisposable
{
    /// <summary>Tools before the messages, calls as JSON, each turn with its end.</summary>
    private const string Template = "{% if tools %}{% for t in tools %}{{ t.function.name }}{% endfor %}{% endif %}{% for m in messages "
        + "%}{{ m.role[0] + ':' + (m.content or '') }}{% for call in m.tool_calls or [] %}{{ "
        + "call.function.name + (call.function.arguments | tojson) }}{% endfor %}{{ eos_token }}{% endfor %}"
        + "{% if add_generation_prompt %}{{ 'a:' }}{% endif %}";

    private readonly TinyTask _task = new(generates: true);

    public ConversationRunFacts() => File.WriteAllText(Path.Combine(_task.Model, "chat_template.jinja"), Template);

    public void Dispose() => _task.Dispose();

    [Theory]
    [InlineData("tools-and-calls/plain.jsonl", "tools-and-calls/tools.jsonl")]
    [InlineData("system-and-history/alpaca.jsonl", "system-and-history/alpaca-system.jsonl")]
    [InlineData("system-and-history/alpaca.jsonl", "system-and-history/alpaca-history.jsonl")]
    [InlineData("system-and-history/alpaca.jsonl", "system-and-history/sharegpt-system.jsonl")]
    public void Tools_system_and_history_change_what_is_learnt(string without, string with)
    {
        var (plain, more) = (Run(without), Run(with));
        Assert.NotEqual(plain.Losses[0], more.Losses[0]);
        Assert.Empty(plain.NotUsed.Concat(more.NotUsed));
    }

    [Fact]
    public void Arguments_as_text_and_as_an_object_are_learnt_alike_and_answers_are_held_against_the_call()
    {
        var (text, json) = (Run("tools-and-calls/string.jsonl"), Run("tools-and-calls/dict.jsonl"));
        Assert.Equal(json.Losses, text.Losses);
        foreach (var run in (Ran[])[text, json])
            Assert.All(run.Answers, answer => Assert.Equal("""weather{"city": "Oslo", "days": 2}""",
                Assert.Single(answer.GetProperty("references").EnumerateArray()).GetString()));
    }

    [Fact]
    public void What_is_not_used_is_a_remark_of_the_run()
    {
        var file = Path.Combine(Path.GetDirectoryName(_task.Files.Train)!, "more.jsonl");
        File.WriteAllLines(file, Enumerable.Range(0, 12)
            .Select(i =>
            $$"""{"id": {{i}}, "messages": [{"role": "user", "content": "q {{i}}"}, {"role": "assistant", "content": "a {{i}}"}], "topic": {"name": "x"} }"""));
        Assert.Equal(["more.jsonl: not used: id, topic"], RunOf(file).NotUsed);
    }

    private Ran Run(string @case) => RunOf(Path.Combine(AppContext.BaseDirectory, "Cases", @case));

    private Ran RunOf(string file)
    {
        var request = _task.Request(json => (json["task"], json["training"]!["epochs"], json["training"]!["maxLength"]) =
            (JsonNode.Parse("""{"preset": "chat", "decoding": {"maxNewTokens": 4}}"""), 1, 2000));
        var folder = _task.Out($"run on {Path.GetFileName(file)}");
        var events = _task.Run(request, folder, inputs: new(_task.Model, new(file))).Events;
        return new([.. events.OfType<RunEvent.StepDone>().Select(step => step.Loss)], [.. events.OfType<RunEvent.Remark>()
            .Select(remark => remark.Text).Where(text => text.Contains("not used"))],
            [.. File.ReadAllLines(Path.Combine(folder, RunFolder.AnswersFile)).Select(line => JsonDocument.Parse(line).RootElement)]);
    }

    private sealed record Ran(double[] Losses, string[] NotUsed, JsonElement[] Answers);
}
