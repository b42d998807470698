using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>The loss of a language model, and the pieces that torch has no kernel for.</summary>
public sealed class TargetLossFacts
{
    [Theory]
    [InlineData(3, 7, true, false)]        // one piece
    [InlineData(700, 30_000, true, false)] // three
    [InlineData(3, 7, true, true)]
    [InlineData(700, 30_000, true, true)]
    [InlineData(700, 30_000, false, true)]
    public void Cross_entropy_in_pieces_is_that_of_all_logits_and_so_are_its_gradients(int places, int vocabulary, bool hiddenLearns,
        bool outputLearns)
    {
        using var scope = NewDisposeScope();
        Tensor W = InitialValues.Normal([vocabulary, 5], 1, 1, "W").requires_grad_(outputLearns),
            sameW = W.detach().clone().requires_grad_();
        var y = InitialValues.Normal([places], 1000, 1, "y").abs().to(ScalarType.Int64).Remainder(vocabulary);
        Tensor h = InitialValues.Normal([places, 5], 1, 1, "h").requires_grad_(hiddenLearns), same = h.detach().clone().requires_grad_();
        var ours = ChunkedCrossEntropy.Sum(h, new("W", W), y);
        var torchs = nn.functional.cross_entropy(nn.functional.linear(same, sameW), y, reduction: nn.Reduction.Sum);
        Assert.Equal(torchs.item<float>(), ours.item<float>(), 1e-5 * torchs.item<float>());
        ours.Times(0.5).backward();
        torchs.Times(0.5).backward();
        if (hiddenLearns) Assert.True(h.grad!.allclose(same.grad!, 1e-4, 1e-5));
        if (outputLearns) Assert.True(W.grad!.allclose(sameW.grad!, 1e-4, 1e-5));
        Assert.Equal((hiddenLearns, outputLearns), (h.grad is not null, W.grad is not null));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public void The_gradient_of_the_root_mean_square_norm_is_that_of_its_formula(bool inputLearns, bool weightLearns)
    {
        using var scope = NewDisposeScope();
        Tensor w = InitialValues.Normal([8], 0.3, 1, "w").Plus(1).detach().requires_grad_(weightLearns),
            sameW = w.detach().clone().requires_grad_();
        Tensor x = InitialValues.Normal([2, 3, 8], 2, 1, "x").requires_grad_(inputLearns), same = x.detach().clone().requires_grad_(),
            by = InitialValues.Normal([2, 3, 8], 1, 1, "by");
        var ours = new RmsNorm(new("w", w), 1e-5).Forward(x);
        var formula = sameW * same / same.Squared().mean([-1], keepdim: true).Plus(1e-5).sqrt();
        Assert.True(ours.allclose(formula, 1e-5, 1e-6));
        (ours * by).sum().backward();
        (formula * by).sum().backward();
        if (inputLearns) Assert.True(x.grad!.allclose(same.grad!, 1e-4, 1e-6), $"{(x.grad! - same.grad!).abs().max().item<float>()}");
        if (weightLearns) Assert.True(w.grad!.allclose(sameW.grad!, 1e-4, 1e-6));
        Assert.Equal((inputLearns, weightLearns), (x.grad is not null, w.grad is not null));
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
