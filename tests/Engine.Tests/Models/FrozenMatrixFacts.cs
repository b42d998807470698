using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>Frozen weights in fewer bits.</summary>
public sealed class FrozenMatrixFacts : IDisposable
{
    private readonly TorchSharp.DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    /// <summary>‖Ŵ − W‖ / ‖W‖ on normal weights, and what a layer's output differs by; bits a number.</summary>
    [Theory]
    [InlineData(WeightKind.Bfloat16, 0.0015, 0.0025, 16)]
    [InlineData(WeightKind.Int8, 0.006, 0.011, 8.07)]
    [InlineData(WeightKind.Nf4, 0.085, 0.1, 4.127)]
    public void The_error_of_each_kind_on_normal_weights_is_known(WeightKind kind, double least, double most, double bits)
    {
        Tensor W = Weight(512, 512), x = InitialValues.Normal([64, 512], 1, 2, "x");
        var matrix = Of(kind, W);
        Assert.InRange(Relative(W, matrix.Dense(ScalarType.Float32)), least, most);
        Assert.InRange(Relative(nn.functional.linear(x, W), matrix.Product(x)), least, most);
        Assert.Equal(bits, 8.0 * matrix.Bytes / W.numel(), 0.01);
        Assert.Equal((512, 512), (matrix.Out, matrix.In));
    }

    [Fact]
    public void The_levels_of_NF4_are_kept_exactly_where_blocks_are_scaled_alike()
    {
        var W = tensor(Enumerable.Range(0, 16 * 64).Select(i => Nf4Matrix.Levels[i % 16] * 0.5f).ToArray()).view(16, 64);
        Assert.True(Of(WeightKind.Nf4, W).Dense(ScalarType.Float32).allclose(W, 1e-5, 1e-7));
    }

    [Theory]
    [InlineData(3, 5)]
    [InlineData(1, 64)]
    [InlineData(7, 129)]
    public void Sizes_that_fill_no_block_are_kept_too(int rows, int columns)
    {
        foreach (var kind in (WeightKind[])[WeightKind.Int8, WeightKind.Nf4])
        {
            var W = Weight(rows, columns);
            Assert.InRange(Relative(W, Of(kind, W).Dense(ScalarType.Float32)), 0, 0.2);
            Assert.Equal(0, Of(kind, zeros(rows, columns)).Dense(ScalarType.Float32).abs().max().item<float>(), 1e-6);
        }
    }

    [Theory]
    [InlineData(WeightKind.Bfloat16)]
    [InlineData(WeightKind.Int8)]
    [InlineData(WeightKind.Nf4)]
    public void The_gradient_through_a_layer_is_that_of_what_it_is_unpacked_to(WeightKind kind)
    {
        var matrix = Of(kind, Weight(20, 30));
        Tensor x = InitialValues.Normal([4, 30], 1, 2, "x").requires_grad_(), same = x.detach().clone().requires_grad_();
        matrix.Product(x).Squared().sum().backward();
        nn.functional.linear(same, matrix.Dense(ScalarType.Float32)).Squared().sum().backward();
        Assert.True(x.grad!.allclose(same.grad!, 1e-5, 1e-6));
    }

    [Theory]
    [InlineData(WeightKind.Bfloat16, 0.2)]
    [InlineData(WeightKind.Int8, 0.8)]
    [InlineData(WeightKind.Nf4, 5)]
    public void A_model_in_fewer_bits_says_nearly_the_same_and_learns(WeightKind kind, double apart)
    {
        using var exact = new GoldenModel("llama-tiny");
        using var model = LanguageModel.Open(exact.Folder, CPU, kind);
        using (no_grad()) Assert.InRange((exact.Logits() - exact.Logits(model)).abs().max().item<float>(), 1e-4, apart);
        var sites = AdapterSites.Find(model, ["all-linear"]);
        using var adapter = new Adapter(model, sites, SharingPlan.OwnEverywhere(sites.Select(s => s.Site)), new LoraSettings { Rank = 4 },
            trainHead: false, 1);
        int[] all = [0, 1, 2, 3];
        using var adamw = new AdamW(adapter.Parameters, 0);
        double Loss() => exact.Set.LossSum(model, exact.Batch, all).item<float>();
        var before = Loss();
        for (var step = 1; step <= 5; step++)
        {
            exact.Set.LossSum(model, exact.Batch, all).backward();
            adamw.Step(step, [new(adapter.Parameters.Values.numel(), 1e-2)]);
        }
        Assert.True(Loss() < 0.95 * before);
    }

    private static Tensor Weight(int rows, int columns) => InitialValues.Normal([rows, columns], 0.02, 1, "W");

    private static FrozenMatrix Of(WeightKind kind, Tensor W) => kind switch
    {
        WeightKind.Bfloat16 => new FloatMatrix(new("W", W.to(ScalarType.BFloat16))),
        WeightKind.Int8 => new Int8Matrix(W, Own),
        WeightKind.Nf4 => new Nf4Matrix(W, Own),
        _ => new FloatMatrix(new("W", W)),
    };

    private static Tensor Own(Tensor made) => made.MoveToOuterDisposeScope();

    private static double Relative(Tensor exact, Tensor other) => ((other - exact).norm() / exact.norm()).item<float>();
}
