namespace LoraDrop.Domain.Tests;

/// <summary>Requests whose model generates text.</summary>
public sealed class GenerationRequestFacts
{
    private const string Plain = """{"kind": "generation", "text": {"prompt": "Q: {q}\nA:", "target": " {a}"}}""";

    private const string NoTemplate = "model: has no chat template, which conversations require. Use a chat model (-Instruct, -Chat), add "
        + "chat_template.jinja to its folder, or set task.text.prompt and task.text.target";

    [Fact]
    public void Prompt_and_target_are_all_that_is_required()
    {
        var request = Parse(Plain);
        Assert.Equal((Metric.Perplexity, Overlong.Cut, false), (request.Task.Metric, request.Task.Text!.Overlong, request.Task.Text.Chat));
        Assert.Equal((128, 1, 0.0), (request.Task.Decoding!.MaxNewTokens, request.Task.Decoding.Beams, request.Task.Decoding.Temperature));
        Assert.Equal(["q", "a"], request.Task.Text.Columns);
        Assert.True(request.Training.Packing);
    }

    [Theory]
    [InlineData(Plain)]
    [InlineData("""{"preset": "dialogsum", "decoding": {"beams": 4, "stop": ["\n"]}}""")]
    [InlineData("""{"preset": "chat"}""")]
    [InlineData("""{"kind": "generation", "text": {"chat": true, "overlong": "refuse"}, "metric": "chrf"}""")]
    public void The_resolved_settings_say_the_same_again(string task)
    {
        var request = Parse(task);
        Assert.Equal(request, JobRequest.Parse(request.ToJson()));
    }

    [Fact]
    public void Settings_of_other_tasks_are_written_as_they_were_before_there_was_generation()
    {
        var json = JobRequest.Parse("""{"model": "m", "dataset": "d", "task": {"preset": "glue/rte"}}""").ToRunJson();
        Assert.DoesNotContain("decoding", json);
        Assert.DoesNotContain("\"text\"", json);
        Assert.DoesNotContain("packing", json);
    }

    [Theory]
    [InlineData("""{"kind": "generation"}""", "task.text: is required without a preset")]
    [InlineData("""{"kind": "generation", "text": {"prompt": "{q}"}}""",
        "task.text.target: is required without a preset unless chat is true")]
    [InlineData("""{"kind": "generation", "text": {"prompt": "no column", "target": "{a}"}}""",
        "task.text.prompt: must contain a column in braces, such as {question}")]
    [InlineData("""{"kind": "generation", "text": {"chat": true, "prompt": "{q}"}}""",
        "task.text.prompt: cannot be combined with chat, which uses the model's chat template")]
    [InlineData("""{"kind": "generation", "text": {"prompt": "{q}", "target": "{a}"}, "labels": ["a", "b"]}""",
        "task.labels: applies only to classification")]
    [InlineData("""{"kind": "generation", "text": {"prompt": "{q}", "target": "{a}"}, "metric": "accuracy"}""",
        "task.metric: accuracy cannot be the primary metric of this task; use perplexity, bleu, e2e-bleu, "
        + "nist, rouge, rouge1, rouge2, rouge-l, meteor, chrf, exact-match, gsm8k")]
    [InlineData("""{"preset": "gsm8k", "decoding": {"maxNewTokens": 0}}""", "task.decoding.maxNewTokens: must be at least 1; got 0")]
    [InlineData("""{"preset": "gsm8k", "decoding": {"topP": 0}}""", "task.decoding.topP: must lie in (0, 1]; got 0")]
    [InlineData("""{"preset": "e2e", "decoding": {"temperature": 1}}""",
        "task.decoding.temperature: must be 0 with beams above 1, since beam search does not sample")]
    [InlineData("""{"preset": "glue/rte", "text": {"prompt": "{q}", "target": "{a}"}}""",
        "task.text: applies only to generation; classification uses columns")]
    [InlineData("""{"preset": "glue/rte", "decoding": {}}""", "task.decoding: applies only to generation")]
    public void What_cannot_be_is_refused_by_its_path(string task, string fault) =>
        Assert.Equal(fault, Assert.Single(Assert.Throws<RefusedInputException>(() => Parse(task)).Faults).ToString());

    [Theory]
    [InlineData("""{"preset": "gsm8k"}""", "llama", true, false)]
    [InlineData("""{"preset": "chat"}""", "qwen3", true, true)]
    [InlineData("""{"preset": "chat"}""", "mistral", null, null)] // registered before it was looked at
    [InlineData("""{"preset": "glue/sst2"}""", "llama", false, false)]
    [InlineData("""{"preset": "gsm8k"}""", "roberta", null, null,
        "model: is an encoder (roberta), which cannot generate text as the task generation requires. Use a "
        + "decoder: llama, mistral, qwen2, qwen3")]
    [InlineData(Plain, "llama", false, true,
        "model: has no output layer (lm_head.weight), which the task generation requires; it was saved for "
        + "another task. Use the model as published")]
    [InlineData("""{"preset": "chat"}""", "llama", true, false, NoTemplate)]
    [InlineData("""{"kind": "generation", "text": {"chat": true}}""", "qwen2", true, false, NoTemplate)]
    public void The_model_must_have_the_parts_that_the_task_uses(string task, string family, bool? output, bool? template,
    params string[] faults)
    {
        ModelSummary model = new(family, null, 2, 128, 4, 100, 512, 1_000_000, "F32",
            [.. from name in (string[])["q_proj", "k_proj", "v_proj", "o_proj", "up_proj", "down_proj"] select new LinearModule(name,
            $"model.layers.*.{name}", 128, 128)], "", [])
        {
            OutputLayer = output,
            ChatTemplate = template,
        };
        var request = JobRequest.Parse($$"""{"model": "m", "dataset": "d", "task": {{task}}, "lora": { "targets": ["q_proj"] } }""");
        Assert.Equal(faults, RequestFit.Faults(request, model, null).Select(fault => fault.ToString()));
    }

    [Fact]
    public void Rows_are_packed_in_generation_alone() =>
        Assert.Equal("training.packing: applies only to generation",
            Assert.Single(Assert.Throws<RefusedInputException>(() =>
            JobRequest.Parse("""{"model": "m", "dataset": "d", "task": {"preset": "glue/rte"}, "training": {"packing": true}}""")).Faults)
                .ToString());

    [Fact]
    public void A_file_must_have_the_columns_that_templates_name()
    {
        var facts = new DatasetSummary([new("train", "t.jsonl", 10, "", 5, true, [Column("question"), Column("a")], [["x", "y"]])]);
        Assert.Equal("task.text: t.jsonl must have the columns (q, a); it has (question, a)",
            Assert.Single(RequestFit.Faults(Parse(Plain), null, facts)).ToString());
        Assert.Empty(RequestFit.Faults(Parse(Plain.Replace("{q}", "{question}")), null, facts));
        Assert.StartsWith("task.preset: t.jsonl must have the columns (input, text) or (mr, ref)",
            Assert.Single(RequestFit.Faults(Parse("""{"preset": "e2e"}"""), null, facts)).ToString());
        Assert.Empty(RequestFit.Faults(Parse("""{"preset": "chat"}"""), null, facts)); // the run reads every message
    }

    [Fact]
    public void The_work_of_a_job_is_estimated_without_reading_a_row()
    {
        var facts = new DatasetSummary([new("train", "t.jsonl", 10_000, "", 100, true, [Column("q"), Column("a")], [["x", "y"]])]);
        var work = WorkEstimate.Of(Parse(Plain), facts);
        Assert.Equal([Stage.ImportanceEvaluation, Stage.TaskAdaptation], work.Select(w => w.Stage));
        Assert.Equal(90, work[1].Examples); // a tenth is held out
    }

    private static ColumnSummary Column(string name) => new(name, ColumnType.Text, 0, null, 5, null, null, 40);

    private static JobRequest Parse(string task) => JobRequest.Parse($$"""{"model": "m", "dataset": "d", "task": {{task}}}""");
}
