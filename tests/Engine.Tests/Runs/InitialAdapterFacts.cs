using System.Text.Json.Nodes;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

/// <summary>A run that continues a trained adapter.</summary>
public sealed class InitialAdapterFacts
{
    public static TheoryData<string, bool> Methods =>
    [
        .. from method in (string[])["lora", "dora", "vera", "ia3", "prompt-tuning", "prefix-tuning", "lora modulesToSave=[\"LayerNorm\"]"]
           from generates in (bool[])[false, true] where !generates || !method.Contains("LayerNorm") select (method, generates),
        ("lora rankStabilised=true", false), ("""lora rankPattern={"value":1} alphaPattern={"layer.1.*":3} bias=all""", false),
    ];

    [Theory, MemberData(nameof(Methods))]
    public void It_starts_from_what_the_adapter_computes_its_head_included(string method, bool generates)
    {
        using var task = new TinyTask(generates);
        var (first, _) = task.Run(MethodRunFacts.Request(task, method, dropped: false), task.Out("first"));
        var (second, events) = Continue(task, method, "first", "second", json => json["training"]!["learningRate"] = 1e-12);
        Assert.Equal(first!.Scores.Values, second!.Scores.Values);
        Assert.Equal(first.History.Last(evaluation => evaluation.Step == first.BestStep).Loss, second.History[0].Loss, 1e-5);
        Assert.StartsWith($"Continues from {task.Out("first")}/adapter (sha256 ", Remark(events));
        Assert.Equal(!generates, Remark(events).EndsWith("…); so does its head."));
    }

    [Fact]
    public void A_run_that_was_stopped_goes_on_to_the_same_bytes_without_the_adapter_it_started_from()
    {
        using var task = new TinyTask();
        task.Run(MethodRunFacts.Request(task, "lora", dropped: false), task.Out("first"));
        var (whole, events) = Continue(task, "lora", "first", "whole");
        Assert.NotNull(whole);
        Assert.Null(Continue(task, "lora", "first", "stopped", stopAt: events.Count / 2).Result);
        Directory.Delete(task.Out("first"), recursive: true);
        Assert.NotNull(Continue(task, "lora", "first", "stopped").Result);
        static byte[] Weights(string run) => File.ReadAllBytes(Path.Combine(run, "adapter", PeftAdapter.WeightsFile));
        Assert.True(Weights(task.Out("whole")).SequenceEqual(Weights(task.Out("stopped"))));
    }

    [Fact]
    public void A_head_for_other_classes_starts_afresh_and_the_run_says_so()
    {
        using var task = new TinyTask();
        task.Run(MethodRunFacts.Request(task, "lora", dropped: false), task.Out("first"));
        var (result, events) = Continue(task, "lora", "first", "second", json =>
        {
            json["task"] = JsonNode.Parse("""{"kind": "regression", "columns": {"first": "text", "label": "score"}}""");
        });
        Assert.NotNull(result);
        Assert.Contains("; its head is for other classes (bad, good), so the head starts afresh.", Remark(events));
    }

    [Fact]
    public void A_LoRA_drop_adapter_can_be_continued_as_the_LoRA_that_it_is_exported_as()
    {
        using var task = new TinyTask();
        var (first, _) = task.Run(MethodRunFacts.Request(task, "lora-drop", dropped: true), task.Out("first"));
        var (second, _) = Continue(task, "lora", "first", "second", json => json["training"]!["learningRate"] = 1e-12);
        Assert.Equal(first!.Scores.Values, second!.Scores.Values);
        Assert.True(second.Parameters.Adapter > first.Parameters.Adapter);
    }

    [Theory]
    [InlineData("dora", "is of the method lora; this job's is dora")]
    [InlineData("lora alpha=5", "computes something else with this job's settings, first in roberta.encoder.layer.0.attention.self.query. "
        + "Its own are {\"rank\":2,\"alpha\":4")]
    [InlineData("lora rank=3", "cannot be continued: ")]
    [InlineData("lora targets=[\"query\"]", "value, which is no target of this job; set lora.targets to the layers of the adapter")]
    [InlineData("lora targets=[\"q\",\"k\",\"v\"]", "is on 6 layers, roberta.encoder.layer.0.attention.self.key not among them")]
    public void An_adapter_that_the_settings_do_not_continue_is_refused_before_training(string method, string why)
    {
        using var task = new TinyTask();
        task.Run(MethodRunFacts.Request(task, "lora", dropped: false), task.Out("first"));
        var refused = Assert.Throws<RefusedInputException>(() => Continue(task, method, "first", "second"));
        var fault = Assert.Single(refused.Faults);
        Assert.Equal("initialAdapter", fault.Path);
        Assert.Contains(why, fault.Message);
        Assert.False(File.Exists(Path.Combine(task.Out("second"), RunFolder.IdentityFile)));
    }

    [Fact]
    public void A_trained_bias_that_the_settings_would_not_train_is_refused()
    {
        using var task = new TinyTask();
        task.Run(MethodRunFacts.Request(task, "lora bias=all", dropped: false), task.Out("first"));
        var fault = Assert.Single(Assert.Throws<RefusedInputException>(() => Continue(task, "lora", "first", "second")).Faults);
        Assert.Contains("bias', which a job with these settings does not train", fault.Message);
    }

    [Fact]
    public void An_adapter_of_a_model_of_another_shape_is_refused()
    {
        using var task = new TinyTask();
        using var other = new TinyTask(generates: true);
        other.Run(MethodRunFacts.Request(other, "lora", dropped: false), other.Out("first"));
        var request = MethodRunFacts.Request(task, "lora", dropped: false);
        var inputs = task.Inputs(request) with { InitialAdapter = new($"{other.Out("first")}/adapter", "theirs") };
        var fault = Assert.Single(Assert.Throws<RefusedInputException>(() => task.Run(request, task.Out(), inputs: inputs)).Faults);
        Assert.Equal("initialAdapter", fault.Path);
        Assert.StartsWith("theirs cannot be continued: adapter_model.safetensors: holds nothing for a layer of this model", fault.Message);
    }

    [Fact]
    public void What_is_no_adapter_is_refused()
    {
        using var task = new TinyTask();
        Directory.CreateDirectory(Path.Combine(task.Out("empty"), "adapter"));
        var fault = Assert.Single(Assert.Throws<RefusedInputException>(() => Continue(task, "lora", "empty", "second")).Faults);
        Assert.StartsWith($"{task.Out("empty")}/adapter cannot be continued: adapter_config.json: file not found", fault.Message);
    }

    private static string Remark(IReadOnlyList<RunEvent> events) =>
        Assert.Single(events.OfType<RunEvent.Remark>(), remark => remark.Text.StartsWith("Continues", StringComparison.Ordinal)).Text;

    private static (RunResult? Result, IReadOnlyList<RunEvent> Events) Continue(TinyTask task, string method, string from, string to,
        Action<JsonObject>? change = null, int stopAt = int.MaxValue)
    {
        var json = JsonNode.Parse(MethodRunFacts.Request(task, method, dropped: false).ToJson())!.AsObject();
        change?.Invoke(json);
        json["initialAdapter"] = Path.Combine(task.Out(from), "adapter");
        var request = JobRequest.Parse(json.ToJsonString());
        var inputs = task.Inputs(request) with { InitialAdapter = new(request.InitialAdapter!, request.InitialAdapter!) };
        return task.Run(request, task.Out(to), stopAt, inputs);
    }
}
