using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>Activation checkpointing.</summary>
public sealed class RecomputedFacts
{
    public static TheoryData<string> Models => new("roberta-tiny", "bert-tiny", "llama-tiny", "llama-tiny-classifier");

    [Theory, MemberData(nameof(Models))]
    public void A_layer_that_is_computed_again_gives_the_same_bits(string name)
    {
        using var golden = new GoldenModel(name);
        var sites = AdapterSites.Find(golden.Model, ["all-linear"]);
        using var adapter = new Adapter(golden.Model, sites, Domain.SharingPlan.OwnEverywhere(sites.Select(s => s.Site)),
            new LoraSettings { Rank = 4, Dropout = 0.2 },
            golden.Model.TrainedHead.Count > 0, 1);
        foreach (var parameter in adapter.Parameters.Names.Where(n => n.Contains("lora_B")))
        {
            using var drawn = InitialValues.Normal(adapter.Parameters[parameter].shape, 0.1, 3, parameter);
            adapter.Parameters.Set(parameter, drawn);
        }
        (float Loss, float[] Gradients) Step(bool recomputes)
        {
            using var scope = NewDisposeScope();
            golden.Model.Backbone.Recomputes = recomputes;
            golden.Model.Masks.BeginPass(5, "test", 1, CPU); // dropout draws the same masks again
            var loss = golden.Loss();
            loss.backward();
            var gradients = adapter.Parameters.Gradients.data<float>().ToArray();
            adapter.Parameters.Gradients.zero_();
            return (loss.item<float>(), gradients);
        }
        var (kept, again) = (Step(recomputes: false), Step(recomputes: true));
        Assert.Contains(kept.Gradients, gradient => gradient != 0);
        Assert.Equal(kept.Loss, again.Loss);
        Assert.Equal(kept.Gradients, again.Gradients);
    }
}
