using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

public sealed class DiffPruningFacts
{
    [Fact]
    public void A_gate_is_a_stretched_and_cut_sigmoid_and_its_slope_that_of_the_formula()
    {
        using var scope = NewDisposeScope();
        using var α = tensor((float[])[-9, -0.5f, 0, 0.4f, 5]).requires_grad_();
        var z = Methods.HardConcrete.Gate(α, null);
        double S(double a) => 1 / (1 + Math.Exp(-a));
        double[] expected = [.. α.data<float>().Select(a => Math.Clamp(3 * S(a) - 1.5, 0, 1))];
        Assert.Equal(expected, z.data<float>().ToArray().Select(each => (double)each), (one, other) => Math.Abs(one - other) < 1e-6);
        z.sum().backward();
        double[] slopes = [.. α.data<float>().Select((a, i) => expected[i] is > 0 and < 1 ? 3 * S(a) * (1 - S(a)) : 0)];
        var actual = α.grad!.data<float>().ToArray();
        foreach (var i in (int[])[0, 1, 3, 4]) Assert.Equal(slopes[i], actual[i], 1e-5); // at 0 it has a bend
        Assert.Equal(α.data<float>().Sum(a => S(a)), Methods.HardConcrete.Expected(α).item<float>(), 1e-5); // log(−l/r) is 0
    }

    [Fact]
    public void The_penalty_is_the_expected_number_of_gates_that_are_not_0()
    {
        using var golden = new GoldenModel("roberta-tiny");
        using var adapter = Placed(golden, new() { Lambda = 0.01 });
        Assert.Null(adapter.Tuning.Penalty(adapter.Parameters));                 // nothing is trained
        adapter.Tuning.Begin(10);
        using var scope = NewDisposeScope();
        var gates = adapter.Parameters.Names.Where(name => !name.EndsWith(".difference", StringComparison.Ordinal)).ToArray();
        var count = gates.Sum(name => adapter.Parameters[name].numel());
        var open = 1 / (1 + Math.Exp(-5));                                       // σ(α) at the start
        var penalty = adapter.Tuning.Penalty(adapter.Parameters)!;
        Assert.Equal(0.01 * count * open, penalty.item<float>(), 1e-2);
        penalty.backward();
        var slopes = cat([.. gates.Select(name => adapter.Parameters.GradientOf(name).flatten())]); // (gates)
        Assert.Equal(0.01 * open * (1 - open), slopes.min().item<float>(), 1e-8);
        Assert.Equal(0.01 * open * (1 - open), slopes.max().item<float>(), 1e-8);
    }

    [Fact]
    public void Drawn_gates_are_0_and_1_as_often_as_the_distribution_says()
    {
        using var scope = NewDisposeScope();
        const int N = 100_000;
        var z = Methods.HardConcrete.Gate(zeros(N).Plus(0.7), 1);                // (N)
        double S(double a) => 1 / (1 + Math.Exp(-a));
        var (zero, one) = (N - z.count_nonzero().item<long>(), z.eq(ones(1)).sum().item<long>());
        Assert.Equal(1 - S(0.7 - 0), (double)zero / N, 5e-3);                    // s ≤ −l/(r − l) = ½
        Assert.Equal(S(0.7 - Math.Log(5)), (double)one / N, 5e-3);               // s ≥ (1 − l)/(r − l) = 5/6
        Assert.True(z.Equals(Methods.HardConcrete.Gate(zeros(N).Plus(0.7), 1)));
        Assert.False(z.Equals(Methods.HardConcrete.Gate(zeros(N).Plus(0.7), 2)));
    }

    [Theory]
    [InlineData("roberta-tiny", true, false)]
    [InlineData("roberta-tiny", false, true)]
    [InlineData("llama-tiny", true, true)]
    [InlineData("llama-tiny", false, false)]
    public void Gradients_of_differences_and_gates_are_the_slopes_of_loss_and_penalty(string model, bool structured, bool recomputes)
    {
        using var golden = new GoldenModel(model);
        using var adapter = Placed(golden, new() { Structured = structured, Lambda = 1e-4 });
        golden.Model.Backbone.Recomputes = recomputes;
        using var scope = NewDisposeScope();
        var values = adapter.Parameters;
        var names = values.Names.Where(name => name.Contains("layer.1.") || name.Contains("layers.1.")).ToArray();
        foreach (var name in names)                                              // away from where a gate has a bend
            values.Set(name, name.EndsWith("difference", StringComparison.Ordinal) ? InitialValues.Normal(values[name].shape, 0.3, 1, name)
                : InitialValues.Normal(values[name].shape, 0.3, 1, name).Plus(0.3));
        adapter.Tuning.Begin(10);
        double Loss()
        {
            using var inner = NewDisposeScope();
            using var _ = enable_grad();
            golden.Model.Masks.BeginPass(1, "test", 1, CPU);
            var (loss, penalty) = (golden.Loss(), adapter.Tuning.Penalty(values)!);
            values.Gradients.zero_();
            loss.backward();
            penalty.backward();
            return loss.item<float>() + (double)penalty.item<float>();
        }
        using var __ = no_grad();
        Loss();
        var g = names.ToDictionary(name => name, name => values.GradientOf(name).clone().flatten());
        foreach (var name in names.Where(name => name.Contains("query") || name.Contains("q_proj") || name.Contains("orm.weight")))
        {
            var w = values[name].view(-1);
            double Moved(double by)
            {
                w[0].Plus_(by);
                var loss = Loss();
                w[0].Plus_(-by);
                return loss;
            }
            Assert.Equal((Moved(2e-3) - Moved(-2e-3)) / 4e-3, g[name][0].item<float>(), 5e-3);
        }
        Assert.Contains(g, gradient =>
            gradient.Key.EndsWith(".gate", StringComparison.Ordinal) && gradient.Value.abs().sum().item<float>() > 0);
    }

    [Fact]
    public void The_largest_gated_differences_stay_and_only_they_are_trained_on()
    {
        using var golden = new GoldenModel("roberta-tiny");
        using var adapter = Placed(golden, new() { Keep = 0.02, GatedFraction = 0.5 });
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var values = adapter.Parameters;
        string[] differences = [.. values.Names.Where(name => name.EndsWith("difference", StringComparison.Ordinal))];
        Tensor All(string end) => cat([.. differences.Select(name => values[name.Replace("difference", end)].flatten())]); // (n)
        var n = All("difference").numel();
        values.Values.narrow(0, 0, n).copy_(InitialValues.Normal([n], 1, 1, "δ"));
        values.Values.narrow(0, n, n).copy_(InitialValues.Normal([n], 2, 1, "α"));
        adapter.Tuning.Begin(4);
        Assert.False(adapter.Tuning.IsSettledAfter(1));
        Assert.True(adapter.Tuning.IsSettledAfter(2));

        var z = All("gate").sigmoid().Times(3).Plus(-1.5).Clamp(0, 1);           // (n); those of whole tensors are 1
        var expected = z * All("difference");                                    // (n)
        adapter.Tuning.AfterStep(values, new(1, 4, 0));
        Assert.Equal(n, All("difference").count_nonzero().item<long>());
        adapter.Tuning.AfterStep(values, new(2, 4, 0));
        var kept = All("difference");                                            // (n)
        var count = (long)(0.02 * n);
        Assert.Equal(count, kept.count_nonzero().item<long>());
        Assert.Equal(count, adapter.Counts.Adapter);
        var least = expected.abs().topk((int)count).values.min();
        Assert.True(kept.Equals(expected * expected.abs().ge(least)));

        values.Gradients.copy_(ones_like(values.Gradients));
        adapter.Tuning.BeforeStep(values, new(3, 4, 1));
        Assert.Equal(count, values.Gradients.narrow(0, 0, n).count_nonzero().item<long>());
        values.Values.narrow(0, 0, n).Plus_(1);
        adapter.Tuning.AfterStep(values, new(3, 4, 1));
        Assert.Equal(count, All("difference").count_nonzero().item<long>());
        Assert.Null(adapter.Tuning.Penalty(values));
    }

    [Fact]
    public void It_starts_without_effect_and_gates_have_a_rate_of_their_own()
    {
        using var golden = new GoldenModel("llama-tiny");
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var before = golden.Logits();
        using var adapter = Placed(golden, new());
        MethodCase.AssertClose(before, golden.Logits(), 0, "logits");
        Assert.Equal([2e-5, 0.05], adapter.Rates(2e-5, 1, factor: 0.5).Select(range => range.Rate));
        Assert.All(adapter.Tensors.Keys, name => Assert.EndsWith(".difference", name));
    }

    private static Adapter Placed(GoldenModel golden, DiffPruningSettings settings) =>
        new(golden.Model, [], SharingPlan.OwnEverywhere([]), settings, trainHead: false, 1);
}
