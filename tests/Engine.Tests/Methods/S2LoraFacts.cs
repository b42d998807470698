using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

public sealed class S2LoraFacts
{
    private const int Rank = 4;

    [Fact]
    public void One_pair_serves_every_layer_of_its_widths_and_each_layer_weighs_its_ranks()
    {
        using var golden = new GoldenModel("llama-tiny"); // queries are twice as wide as values
        using var adapter = Placed(golden);
        Assert.Equal(["shared.A.32", "shared.B.32", "shared.B.16"], adapter.Parameters.Names.Take(3));
        Assert.Equal(Rank * (32 + 32 + 16 + adapter.Sites.Count), adapter.Counts.Adapter);

        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var site = adapter.Sites[3];
        var e = tensor((float[])[2, 0, -1, 0.5f]);                               // (r)
        adapter.Parameters.Set(adapter.Parameters.Names.Single(name => name.Contains($"{site.Linear.Path}.")), e);
        Tensor A = adapter.Parameters["shared.A.32"], B = adapter.Parameters[$"shared.B.{site.Linear.Out}"]; // (r, d), (k, r)
        var ΔW = B.mm(e.diag()).mm(A).Times(8.0 / Rank);                         // (k, d) = (α/r)·B·diag(e)·A
        var x = InitialValues.Normal([5, 32], 1, 1, "x");                        // (5, d)
        MethodCase.AssertClose(nn.functional.linear(x, site.Linear.Weight.Plus(ΔW)), site.Linear.Forward(x), 1e-5, "y");
        MethodCase.AssertClose(site.Linear.Weight.Plus(ΔW), site.Linear.Branch!.Merged(site.Linear.Weight), 1e-5, "W");
    }

    [Fact]
    public void It_starts_without_effect_and_with_a_gradient_for_the_coefficients()
    {
        using var golden = new GoldenModel("roberta-tiny");
        using var scope = NewDisposeScope();
        var before = golden.Logits().detach();
        using var adapter = Placed(golden);
        MethodCase.AssertClose(before, golden.Logits(), 0, "logits");
        golden.Loss().backward();
        Assert.All(adapter.Parameters.Names.Where(name => name.EndsWith("rank_coefficients", StringComparison.Ordinal)),
            name => Assert.True(adapter.Parameters.GradientOf(name).abs().min().item<float>() > 0, name));
        Assert.Equal(0, adapter.Parameters.GradientOf("shared.A.32").abs().max().item<float>());
    }

    [Fact]
    public void After_each_step_every_coefficient_shrinks_by_lambda_times_the_rate()
    {
        using var golden = new GoldenModel("roberta-tiny");
        using var adapter = Placed(golden);
        using var scope = NewDisposeScope();
        var name = adapter.Parameters.Names[^1];
        adapter.Parameters.Set(name, tensor((float[])[0.5f, -0.5f, 0.019f, -0.019f]));
        adapter.Tuning.AfterStep(adapter.Parameters, new(1, 10, Rate: 0.2));
        Assert.Equal([0.48f, -0.48f, 0, 0], adapter.Parameters[name].data<float>().ToArray().Select(e => MathF.Round(e, 6)));
    }

    [Fact]
    public void Coefficients_without_a_steady_gradient_become_0_and_the_export_does_without_their_ranks()
    {
        using var golden = new GoldenModel("roberta-tiny");
        using var adapter = Placed(golden, lambda: 0.6);
        using var adamw = new AdamW(adapter.Parameters, 0);
        string[] names = [.. adapter.Parameters.Names.Where(name => name.EndsWith("rank_coefficients", StringComparison.Ordinal))];
        for (var step = 1; step <= 200; step++)
        {
            using var scope = NewDisposeScope();
            using var _ = no_grad();
            foreach (var name in names)
            {
                var g = adapter.Parameters.GradientOf(name);                     // (r)
                g.copy_(InitialValues.Normal([Rank], 1, step, name));            // by chance,
                g.narrow(0, 0, 1).Fill_(1);                                      // but for the first rank
            }
            adamw.Step(step, adapter.Rates(1e-2, 1e-2));
            adapter.Tuning.AfterStep(adapter.Parameters, new(step, 200, 1e-2));
        }
        using var all = NewDisposeScope();
        var e = stack([.. names.Select(name => adapter.Parameters[name])]);      // (layers, r)
        Assert.Equal(names.Length, e.select(1, 0).count_nonzero().item<long>());
        Assert.InRange(e.count_nonzero().item<long>(), names.Length, e.numel() / 2);
        var pairs = adapter.Sites.Select(site => ((LowRankBranch)site.Linear.Branch!).Folded()).ToArray();
        Assert.Equal(e.count_nonzero().item<long>(), pairs.Sum(pair => pair.A.shape[0]));
    }

    private static Adapter Placed(GoldenModel golden, double lambda = 0.1)
    {
        var sites = AdapterSites.Find(golden.Model, ["q", "v"]);
        return new(golden.Model, sites, SharingPlan.OwnEverywhere(sites.Select(site => site.Site)),
            new S2LoraSettings { Rank = Rank, Alpha = 8, Lambda = lambda }, trainHead: false, 1);
    }
}
