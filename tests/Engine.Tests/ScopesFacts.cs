using System.Text.Json.Nodes;
using TorchSharp;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>A tensor that no scope holds can be collected while libtorch reads it, such as the product in <c>(a * b).sum()</c>. So none is
/// made while no scope is open; TorchSharp counts those that are.</summary>
public sealed class ScopesFacts
{
    [Fact]
    public void Training_a_classifier_and_using_its_adapter_makes_no_tensor_outside_a_scope() =>
        AssertNoneOutside(generates: false, _ => { });

    [Fact]
    public void Nor_does_training_a_model_that_answers() => AssertNoneOutside(generates: true, _ => { });

    [Theory]
    [InlineData("bfloat16")]
    [InlineData("int8")]
    [InlineData("nf4")]
    public void Nor_one_on_smaller_weights_whose_layers_are_computed_again(string weights) =>
        AssertNoneOutside(generates: true, json => (json["training"]!["weights"], json["training"]!["checkpointing"]) = (weights, true));

    public static TheoryData<string, bool, bool> Methods => MethodRunFacts.Runs;

    [Theory, MemberData(nameof(Methods))]
    public void Nor_does_any_method(string method, bool generates, bool dropped)
    {
        using var task = new TinyTask(generates);
        var request = MethodRunFacts.Request(task, method, dropped);
        var before = Outside;
        Assert.Null(task.Run(request, task.Out(), stopAt: 8).Result); // so that the next goes on from a checkpoint
        Assert.NotNull(task.Run(request, task.Out()).Result);
        using var trained = TrainedAdapter.Open(Path.Combine(task.Out(), "adapter"), task.Model, CPU);
        if (trained.Adapter.Tuning.WhyNotMerged is null)
            MergedModel.Write(task.Model, trained.Model, trained.Adapter, task.Out("merged"), null);
        Assert.Equal(0, Outside - before);
    }

    [Fact]
    public void Such_tensors_are_counted()
    {
        var before = Outside;
        using var made = zeros(1);
        Assert.Equal(before + 1, Outside);
    }

    private static long Outside => DisposeScopeManager.Statistics.TensorStatistics.CreatedOutsideScopeCount;

    private static void AssertNoneOutside(bool generates, Action<JsonObject> change)
    {
        using var task = new TinyTask(generates);
        var request = task.Request(json =>
        {
            json["training"]!["warmupRatio"] = 0.1;
            json["sharing"]!["warmStart"] = true;
            change(json);
        });
        var before = Outside;
        Assert.Null(task.Run(request, task.Out(), stopAt: 12).Result); // so that the next goes on from a checkpoint
        Assert.NotNull(task.Run(request, task.Out()).Result);
        using (var trained = TrainedAdapter.Open(Path.Combine(task.Out(), "adapter"), task.Model, CPU))
        {
            MergedModel.Write(task.Model, trained.Model, trained.Adapter, task.Out("merged"), null);
            using var compact = CompactAdapter.Read(Path.Combine(task.Out(), "adapter", CompactAdapter.FileName), trained.Model);
        }
        using FrozenModel merged = generates
            ? LanguageModel.Open(task.Out("merged"), CPU)
            : SequenceClassifier.Open(task.Out("merged"), 2, 1, CPU);
        Assert.Equal(0, Outside - before);
    }
}
