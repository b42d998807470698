using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>Adapters beside a sublayer.</summary>
public sealed class ParallelAdapterFacts
{
    [Theory]
    [InlineData("roberta-tiny")]
    [InlineData("llama-tiny")]
    public void They_read_what_the_sublayer_reads(string model)
    {
        using var golden = new GoldenModel(model);
        using var adapter = Placed(golden);
        using var _ = no_grad();
        Tensor? first = null, read = null;
        Linear Of(string target) => AdapterSites.Find(golden.Model, [target])[^1].Linear;
        foreach (var (begins, ends) in (ReadOnlySpan<(string, string)>)[("q", "o"), ("up", "down")])
        {
            var begin = Of(begins);
            begin.Branch = new Lora(zeros(1, begin.In), zeros(begin.Out, 1), 1, 0, golden.Model.Masks);
            begin.Observer = x => first = x.clone().DetachFromDisposeScope();
            Of(ends).Observer = x => read = x.clone().DetachFromDisposeScope();
            golden.Logits();
            (begin.Branch, begin.Observer, Of(ends).Observer) = (null, null, null);
            MethodCase.AssertClose(first!, read!, 0, $"what {ends} reads");
            first!.Dispose();
            read!.Dispose();
        }
    }

    [Fact]
    public void They_add_s_times_their_output_to_that_of_the_layer()
    {
        using var golden = new GoldenModel("llama-tiny");
        using var adapter = Placed(golden);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var site = adapter.Sites.First(site => site.Site.Type == "down_proj");
        Tensor Of(string name)
        {
            var full = $"base_model.model.{site.Linear.Path}.adapter_{name}";
            adapter.Parameters.Set(full, InitialValues.Normal(adapter.Parameters[full].shape, 0.5, 1, name));
            return adapter.Parameters[full];
        }
        Tensor D = Of("down.weight"), b = Of("down.bias"), U = Of("up.weight"), c = Of("up.bias");
        static Tensor Drawn(string name, params long[] shape) => InitialValues.Normal(shape, 1, 1, name);
        Tensor x = Drawn("x", 2, 3, site.Linear.In), into = Drawn("into", 2, 3, site.Linear.Out);
        var inner = into.matmul(D.t()).Plus(b).relu();                           // (2, 3, m)
        var added = inner.matmul(U.t()).Plus(c).Times(4);                        // (2, 3, k)
        MethodCase.AssertClose(site.Linear.Product(x).Plus(added), site.Linear.Forward(x, into), 1e-5, "y");
        var measured = site.Linear.Branch!.Meter().Squares(into.view(6, -1), site.Linear, ones(6, ScalarType.Float64)); // (6)
        MethodCase.AssertClose(added.view(6, -1).Squared().sum(1), measured.to(ScalarType.Float32), 1e-3, "‖y‖²");
    }

    [Theory]
    [InlineData("roberta-tiny")]
    [InlineData("llama-tiny")]
    public void They_start_without_effect_and_their_gradients_are_slopes(string model)
    {
        using var golden = new GoldenModel(model);
        using var scope = NewDisposeScope();
        var before = golden.Logits().detach();
        using var adapter = Placed(golden);
        MethodCase.AssertClose(before, golden.Logits(), 0, "logits");

        golden.Loss().backward();
        var name = adapter.Parameters.Names.First(name => name.EndsWith("down_proj.adapter_up.weight", StringComparison.Ordinal)
            || name.EndsWith("output.dense.adapter_up.weight", StringComparison.Ordinal));
        var (values, g) = (adapter.Parameters[name], adapter.Parameters.GradientOf(name)[0, 1].item<float>());
        using var _ = no_grad();
        double Moved(double by)
        {
            values[0, 1].Plus_(by);
            var loss = golden.Loss().item<float>();
            values[0, 1].Plus_(-by);
            return loss;
        }
        Assert.NotEqual(0, g);
        Assert.Equal((Moved(1e-2) - Moved(-1e-2)) / 2e-2, g, 2e-3);
    }

    private static Adapter Placed(GoldenModel golden)
    {
        var sites = AdapterSites.Find(golden.Model, ["o", "down"]);
        return new(golden.Model, sites, SharingPlan.OwnEverywhere(sites.Select(site => site.Site)),
            new AdapterSettings { Bottleneck = 5, Placement = AdapterPlacement.Parallel }, trainHead: false, 1);
    }
}
