using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>The loss of a language model, and the pieces that torch has no kernel for.</summary>
public sealed class TargetLossFacts
{
    [Theory]
    [InlineData(3, 7)]       // one piece
    [InlineData(700, 30_000)] // three
        public void Cross_entropy_in_pieces_is_that_of_all_logits_and_so_is_its_gradient(int places, int vocabulary)
    {
        using var scope = NewDisposeScope();
        var W = InitialValues.Normal([vocabulary, 5], 1, 1, "W");
        var y = InitialValues.Normal([places], 1000, 1, "y").abs().to(ScalarType.Int64).Remainder(vocabulary);
        Tensor h = InitialValues.Normal([places, 5], 1, 1, "h").requires_grad_(), same = h.detach().clone().requires_grad_();
        var ours = ChunkedCrossEntropy.Sum(h, W, y);
        var torchs = nn.functional.cross_entropy(nn.functional.linear(same, W), y, reduction: nn.Reduction.Sum);
        Assert.Equal(torchs.item<float>(), ours.item<float>(), 1e-5 * torchs.item<float>());
        ours.Times(0.5).backward();
        torchs.Times(0.5).backward();
        Assert.True(h.grad!.allclose(same.grad!, 1e-4, 1e-5));
    }

    [Fact]
    public void The_gradient_of_the_root_mean_square_norm_is_that_of_its_formula()
    {
        using var scope = NewDisposeScope();
        var w = InitialValues.Normal([8], 0.3, 1, "w").Plus(1);
        Tensor x = InitialValues.Normal([2, 3, 8], 2, 1, "x").requires_grad_(), same = x.detach().clone().requires_grad_(),
            by = InitialValues.Normal([2, 3, 8], 1, 1, "by");
        var ours = new RmsNorm(w, 1e-5).Forward(x);
        var formula = w * same / same.Squared().mean([-1], keepdim: true).Plus(1e-5).sqrt();
        Assert.True(ours.allclose(formula, 1e-5, 1e-6));
        (ours * by).sum().backward();
        (formula * by).sum().backward();
        Assert.True(x.grad!.allclose(same.grad!, 1e-4, 1e-6), $"{(x.grad! - same.grad!).abs().max().item<float>()}");
    }

    [Fact]
    public void A_batch_in_which_nothing_is_learnt_has_no_loss_and_moves_nothing()
    {
        using var model = TinyDecoder.Model();
        using var adapter = TinyDecoder.Adapter(model);
        var before = adapter.Parameters.Values.data<float>().ToArray();
        var set = new TargetSet(TinyDecoder.Texts(5, 8), [[], []]);
        var task = new TaskSettings { Kind = TaskKind.Generation, Metric = Metric.Perplexity };
        var settings = new TrainingSettings { BatchSize = 2, WeightDecay = 0, WarmupRatio = 0 };
        var losses = new List<double>();
        TrainingLoop.Run(new(Stage.TaskAdaptation, model, adapter, set, null, task, settings, 2), null,
            happened => losses.AddRange(happened is RunEvent.StepDone step ? [step.Loss] : []), CancellationToken.None);
        Assert.Equal([0, 0], losses);
        Assert.Equal(before, adapter.Parameters.Values.data<float>().ToArray());
    }

    [Fact]
    public void Only_the_tokens_that_are_learnt_count()
    {
        using var model = TinyDecoder.Model();
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var texts = TinyDecoder.Texts(6, 9);
        var set = new TargetSet(texts, [[4, 5], [8]]);
        int[] both = [0, 1];
        using var batch = set.Batch(both, model);
        var logP = nn.functional.log_softmax(model.Forward(batch), -1);          // (B, T, V)
        double P(int text, int token) => logP[text, token - 1, texts[text].Ids[token]].item<float>();
        Assert.Equal(-(P(0, 4) + P(0, 5) + P(1, 8)), set.LossSum(model, batch, both).item<float>(), 1e-4);
        Assert.Equal(3, set.TermsIn(both));
        Assert.Equal(1, set.Subset([1]).TermsIn([0]));
    }
}
