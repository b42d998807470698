using LoraDrop.Domain;
using TorchSharp;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>A model's weights, which can be made to learn.</summary>
public sealed class ParameterFacts : IDisposable
{
    private static readonly TokenizedText[] Texts = TinyDecoder.Texts(9, 4, 12);

    private static readonly DecoderConfig Tied = TinyDecoder.Config with { TiedEmbeddings = true };

    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    /// <summary>‖g‖ is the slope of the loss along g, here from two losses beside each other.</summary>
    [Theory]
    [InlineData("bert-tiny")]
    [InlineData("llama-tiny-classifier")]
    public void A_gradient_is_the_slope_of_a_classifiers_loss(string name)
    {
        using var golden = new GoldenModel(name);
        AssertSlopes(golden.Model, golden.Loss);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_gradient_is_the_slope_of_a_decoders_loss_also_where_the_embedding_is_the_output_layer(bool recomputes)
    {
        using var model = TinyDecoder.Model(Tied with { Family = DecoderFamily.Qwen3, HeadNorms = true, QueryKeyValueBias = true,
            OutputBias = true, FeedForwardBias = true, HeadSize = 6 });
        model.Backbone.Recomputes = recomputes;
        using var batch = TokenBatch.Of(Texts, 0, CPU);
        AssertSlopes(model, () => MeanLoss(model, batch));
    }

    [Fact]
    public void A_tied_output_layer_adds_to_the_embeddings_gradient_what_plain_autograd_adds()
    {
        using var model = TinyDecoder.Model(Tied);
        using var learning = Learn(model);
        using var batch = TokenBatch.Of(Texts, 0, CPU);
        MeanLoss(model, batch).backward();
        var chunked = learning.Gradients.clone();                                // (N)
        learning.Gradients.zero_();
        nn.functional.cross_entropy(model.Forward(batch).flatten(0, 1).index_select(0, Places), Next).backward();
        Assert.True(chunked.allclose(learning.Gradients, 1e-4, 1e-6));
        Assert.DoesNotContain(model.Parameters, parameter => parameter.Name == LanguageModel.OutputName);
        Assert.Distinct(model.Parameters.Select(parameter => parameter.Name));
    }

    [Fact]
    public void An_output_layer_learns_alone()
    {
        using var model = TinyDecoder.Model();
        using var learning = Learn(model, name => name == LanguageModel.OutputName);
        using var batch = TokenBatch.Of(Texts, 0, CPU);
        MeanLoss(model, batch).backward();
        var chunked = learning.Gradients.clone();                                // (N)
        learning.Gradients.zero_();
        nn.functional.cross_entropy(model.Forward(batch).flatten(0, 1).index_select(0, Places), Next).backward();
        Assert.True(chunked.allclose(learning.Gradients, 1e-4, 1e-6));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_model_that_computes_in_bfloat16_learns_in_float32(bool tied)
    {
        var config = TinyDecoder.Config with { TiedEmbeddings = tied, QueryKeyValueBias = true };
        using var batch = TokenBatch.Of(Texts, 0, CPU);
        var weights = new RandomWeights(1); // small enough that rounding does not grow from layer to layer
        using LanguageModel narrow = new(config, new Halved(weights), CPU), exact = new(config, weights, CPU);
        var before = Logits();
        using FlatParameters learning = Learn(narrow), expected = Learn(exact);
        Assert.Equal(before, Logits());
        MeanLoss(narrow, batch).backward();
        MeanLoss(exact, batch).backward();
        foreach (var name in learning.Names)
        {
            var apart = (learning.GradientOf(name) - expected.GradientOf(name)).norm() / expected.GradientOf(name).norm();
            Assert.True(apart.item<float>() < 0.03, $"∂L/∂{name} differs by {apart.item<float>():p1}");
        }

        Tensor Logits()
        {
            using var _ = no_grad();
            return narrow.Forward(batch);                                        // (B, T, V)
        }
    }

    [Theory]
    [InlineData(WeightKind.Int8)]
    [InlineData(WeightKind.Nf4)]
    public void The_norms_and_embeddings_of_a_quantised_model_can_learn_and_its_matrices_cannot(WeightKind kind)
    {
        using var model = new LanguageModel(TinyDecoder.Config, TinyDecoder.Weights, CPU, kind);
        Assert.All(model.Backbone.LinearsOf(0), linear => Assert.Null(linear.WeightParameter));
        Assert.DoesNotContain(model.Parameters, parameter => parameter.Name.Contains("_proj.weight"));
        using var batch = TokenBatch.Of(Texts, 0, CPU);
        AssertSlopes(model, () => MeanLoss(model, batch));
    }

    [Fact]
    public void Matrices_in_bfloat16_learn_in_float32_and_are_rounded_no_more()
    {
        using var model = new LanguageModel(TinyDecoder.Config, TinyDecoder.Weights, CPU, WeightKind.Bfloat16);
        using var batch = TokenBatch.Of(Texts, 0, CPU);
        AssertSlopes(model, () => MeanLoss(model, batch));
    }

    [Fact]
    public void A_weight_that_is_frozen_again_is_as_loaded()
    {
        using var model = TinyDecoder.Model();
        using var _ = no_grad();
        using var batch = TokenBatch.Of(Texts, 0, CPU);
        var before = model.Forward(batch);                                       // (B, T, V)
        using (var learning = Learn(model))
        {
            learning.Values.Times_(1.1);
            Assert.All(model.Parameters, parameter => Assert.True(parameter.Learns));
            Assert.False(before.allclose(model.Forward(batch)));
            foreach (var parameter in model.Parameters) parameter.Freeze();
        }
        Assert.All(model.Parameters, parameter => Assert.False(parameter.Learns));
        Assert.True(before.Equals(model.Forward(batch)));
    }

    [Fact]
    public void Numbers_that_cannot_learn_in_a_weights_place_are_a_bug_of_the_caller()
    {
        var parameter = new Parameter("norm.weight", ones(4));
        foreach (var numbers in (Tensor[])[ones(5).requires_grad_(), ones(4), ones(4, ScalarType.Float64).requires_grad_()])
            Assert.Throws<ArgumentException>(() => parameter.Learn(numbers));
        Assert.Same(parameter.Frozen, parameter.Value);
    }

    private static Tensor Places => tensor(Texts.SelectMany((text, i) => Enumerable.Range(0, text.Ids.Length - 1)
        .Select(t => i * 12L + t)).ToArray());                                   // (M)

    private static Tensor Next => tensor(Texts.SelectMany(text => text.Ids.Skip(1)).Select(id => (long)id).ToArray()); // (M)

    private static Tensor MeanLoss(LanguageModel model, TokenBatch batch) => model.LossSum(batch, Places, Next).Over(Next.shape[0]); // ()

    private static FlatParameters Learn(FrozenModel model, Func<string, bool>? chosen = null)
    {
        Parameter[] parameters = [.. model.Parameters.Where(parameter => chosen?.Invoke(parameter.Name) ?? true)];
        var learning = new FlatParameters([.. parameters.Select(parameter => (parameter.Name, parameter.Frozen.shape))], CPU);
        foreach (var parameter in parameters)
        {
            learning.Set(parameter.Name, parameter.Frozen);
            parameter.Learn(learning[parameter.Name]);
        }
        return learning;
    }

    private static void AssertSlopes(FrozenModel model, Func<Tensor> loss)
    {
        using var learning = Learn(model);
        loss().backward();
        using var _ = no_grad();
        foreach (var name in learning.Names)
        {
            using var scope = NewDisposeScope();
            var g = learning.GradientOf(name);                                   // of the weight's shape
            double norm = g.norm().item<float>();
            if (norm == 0) continue;
            var step = 3e-3 / Math.Max(1, norm); // where the loss bends, it is steep
            double At(double distance)
            {
                var values = learning[name].detach();                            // the same numbers
                var kept = values.clone();
                values.Plus_(g, distance / norm);
                var there = loss().item<float>();
                values.copy_(kept);
                return there;
            }
            var slope = (At(step) - At(-step)) / (2 * step);
            Assert.True(Math.Abs(slope - norm) <= 0.03 * norm + 2e-3, $"∂L/∂{name}: ‖g‖ = {norm:g3}, the loss rises by {slope:g3}");
        }
    }

    /// <summary>Weights in bfloat16.</summary>
    private sealed class Halved(IWeights exact) : IWeights
    {
        public bool Contains(string name) => exact.Contains(name);

        public long[] ShapeOf(string name) => exact.ShapeOf(name);

        public Tensor Take(string name, params long[] shape) => exact.Take(name, shape).to(ScalarType.BFloat16);
    }
}
