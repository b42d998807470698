using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

public sealed class SparseAdapterFacts : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("roberta-tiny")]
    [InlineData("llama-tiny")]
    public void The_half_is_kept_without_which_the_loss_would_change_most(string name)
    {
        using var golden = new GoldenModel(name);
        using var adapter = Placed(golden, SparseCriterion.Snip);
        golden.AssertClose(golden.At("lora", "logits"), golden.Logits(), 2e-5, "logits with all entries");
        Step(golden, adapter, 1);

        var entries = golden.At("lora", "initial").EnumerateObject().SelectMany(tensor =>
            Numbers(GoldenModel.TensorOf(tensor.Value) * GoldenModel.TensorOf(golden.At("lora", "gradients", tensor.Name)))
                .Zip(Numbers(adapter.Parameters[tensor.Name]), (score, now) => (Score: Math.Abs(score), IsKept: now != 0))).ToArray();
        var threshold = entries.Select(entry => entry.Score).Order().ElementAt(entries.Length / 2);
        Assert.Equal(entries.Length / 2, entries.Count(entry => entry.IsKept));
        foreach (var (score, isKept) in entries.Where(entry => Math.Abs(entry.Score - threshold) > 1e-6)) // gradients of another library
            Assert.Equal(score > threshold, isKept);
        Assert.Equal(entries.Length / 2, adapter.Counts.Adapter);
    }

    [Fact]
    public void By_magnitude_the_largest_are_kept()
    {
        using var golden = new GoldenModel("roberta-tiny");
        using var adapter = Placed(golden, SparseCriterion.Magnitude);
        var before = Numbers(adapter.Parameters.Values);
        Step(golden, adapter, 1, rate: 0);
        var now = Numbers(adapter.Parameters.Values);
        var threshold = before.Select(Math.Abs).Order().ElementAt(before.Length / 2);
        Assert.All(before.Zip(now), entry => Assert.Equal(Math.Abs(entry.First) >= threshold ? entry.First : 0, entry.Second));
    }

    [Fact]
    public void By_lot_the_seed_decides()
    {
        bool[] Kept(long seed)
        {
            using var golden = new GoldenModel("roberta-tiny");
            using var adapter = Placed(golden, SparseCriterion.Random, seed);
            Step(golden, adapter, 1);
            return [.. Numbers(adapter.Parameters.Values).Select(number => number != 0)];
        }
        Assert.Equal(Kept(1), Kept(1));
        Assert.Equal(0.5, Kept(1).Zip(Kept(2)).Average(entry => entry.First == entry.Second ? 1.0 : 0), 0.05);
    }

    [Fact]
    public void What_is_not_kept_has_no_gradient_and_stays_0_while_the_rest_trains()
    {
        using var golden = new GoldenModel("roberta-tiny");
        using var adapter = Placed(golden, SparseCriterion.Snip);
        using var adamw = new AdamW(adapter.Parameters, weightDecay: 0.01);
        Step(golden, adapter, 1, adamw: adamw);
        var first = Numbers(adapter.Parameters.Values);
        golden.Loss().backward();
        Assert.All(first.Zip(Numbers(adapter.Parameters.Gradients)), entry => Assert.True(entry.First != 0 || entry.Second == 0));
        adapter.Parameters.Gradients.zero_();
        for (var step = 2; step < 6; step++) Step(golden, adapter, step, adamw: adamw);
        Assert.All(first.Zip(Numbers(adapter.Parameters.Values)), entry => Assert.Equal(entry.First == 0, entry.Second == 0));
        Assert.NotEqual(first, Numbers(adapter.Parameters.Values));
    }

    [Fact]
    public void It_is_written_as_a_LoRA_that_computes_the_same_bits()
    {
        using var golden = new GoldenModel("roberta-tiny");
        float[] before;
        using (var adapter = Placed(golden, SparseCriterion.Snip))
        {
            for (var step = 1; step < 4; step++) Step(golden, adapter, step);
            before = Logits(golden);
            PeftAdapter.Write(_folder.Path, golden.Model, adapter, ["query", "value"], "base");
            CompactAdapter.Write(_folder.At(CompactAdapter.FileName), adapter);
        }
        using (var lora = PeftAdapter.Read(_folder.Path, golden.Model))
        {
            Assert.IsType<LoraSettings>(lora.Settings);
            Assert.Equal(before, Logits(golden));
        }
        using var compact = CompactAdapter.Read(_folder.At(CompactAdapter.FileName), golden.Model);
        Assert.IsType<SparseAdapterSettings>(compact.Settings);
        Assert.Equal(before, Logits(golden));
        Assert.Equal(compact.Parameters.Values.count_nonzero().item<long>(), compact.Counts.Adapter);
    }

    [Fact]
    public void An_evaluation_in_the_warm_up_is_not_the_result()
    {
        using var tiny = new TinyClassifier(method: new SparseAdapterSettings { Rank = 4, WarmupSteps = 3 });
        var texts = TinyClassifier.Texts(16, 1);
        var settings = new TrainingSettings { BatchSize = 4, LearningRate = 1e-12, EvaluateEvery = 1 };
        var progress = TrainingLoop.Run(tiny.Job(texts, texts, settings, 5), null, _ => { }, CancellationToken.None);
        Assert.Equal(3, progress.Best!.Step); // all are equally good
    }

    /// <summary>The pairs of PEFT's LoRA, whose mask is chosen after the first step.</summary>
    private static Adapter Placed(GoldenModel golden, SparseCriterion criterion, long seed = 0)
    {
        var settings = new SparseAdapterSettings { Rank = 4, Alpha = 8, Criterion = criterion, WarmupSteps = 1 };
        var adapter = new Adapter(golden.Model, golden.Sites, golden.Plan("lora"), settings, trainHead: false, seed);
        adapter.Load(golden.At("lora", "initial").EnumerateObject().ToDictionary(p => p.Name, p => GoldenModel.TensorOf(p.Value)), "lora");
        adapter.Tuning.Begin(10);
        return adapter;
    }

    private static void Step(GoldenModel golden, Adapter adapter, int number, double rate = 1e-3, AdamW? adamw = null)
    {
        using var scope = NewDisposeScope();
        using var own = adamw is null ? new AdamW(adapter.Parameters, weightDecay: 0.01) : null;
        golden.Loss().backward();
        var step = new OptimizerStep(number, 10, rate);
        adapter.Tuning.BeforeStep(adapter.Parameters, step);
        (adamw ?? own!).Step(number, [new(adapter.Parameters.Values.numel(), rate)]);
        adapter.Tuning.AfterStep(adapter.Parameters, step);
    }

    private static float[] Numbers(Tensor tensor) => tensor.detach().flatten().data<float>().ToArray();

    private static float[] Logits(GoldenModel golden)
    {
        using var _ = no_grad();
        return golden.Logits().data<float>().ToArray();
    }
}
