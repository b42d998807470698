using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>The counts of the paper's tables, on models of the published sizes.</summary>
public sealed class ParameterCountFacts
{
    [Fact]
    public void LoRA_of_rank_8_on_query_and_value_of_roberta_base_has_294_912() =>
        Assert.Equal(new ParameterCounts(294_912, 294_912, 294_912 + 592_130), Counts(ModelConfig.RobertaBase, classes: 2, OwnEverywhere));

    [Fact]
    public void LoRA_of_rank_8_on_query_and_value_of_roberta_large_has_786_432() =>
        Assert.Equal(786_432, Counts(ModelConfig.RobertaLarge, classes: 2, OwnEverywhere).Adapter);

    [Fact]
    public void LoRA_drop_with_5_query_and_7_value_layers_kept_has_147_456_and_with_the_shared_pairs_172_032() =>
        Assert.Equal(new ParameterCounts(147_456, 172_032, 172_032 + 592_130), Counts(ModelConfig.RobertaBase, classes: 2, FiveAndSevenKept));

    [Theory]
    [InlineData(2, 592_130)]
    [InlineData(3, 592_899)]
    [InlineData(1, 591_361)]
    public void The_head_of_roberta_base_is_counted_apart(int classes, long head)
    {
        var counts = Counts(ModelConfig.RobertaBase, classes, FiveAndSevenKept);
        Assert.Equal(head, counts.AdapterAndHead - counts.Adapter);
    }

    private static SharingPlan OwnEverywhere(IEnumerable<Site> sites) => SharingPlan.OwnEverywhere(sites);

    private static SharingPlan FiveAndSevenKept(IEnumerable<Site> sites) =>
        SharingPlan.Of(sites.Select(site => KeyValuePair.Create(site, site.Layer < (site.Type == "query" ? 5 : 7) ? Place.Own : Place.Shared)));

    private static ParameterCounts Counts(ModelConfig config, int classes, Func<IEnumerable<Site>, SharingPlan> plan)
    {
        using var model = new SequenceClassifier(config, new UnfilledWeights(), classes, 0, CPU);
        var sites = AdapterSites.Find(model, ["query", "value"]);
        using var adapter = new Adapter(model, sites, plan(sites.Select(s => s.Site)), new(8, 8), trainHead: true, 0);
        return adapter.Counts;
    }

    /// <summary>Memory that is never touched, so that a large model costs nothing.</summary>
    private sealed class UnfilledWeights : IWeights
    {
        public bool Contains(string name) => false;

        public long[] ShapeOf(string name) => throw new KeyNotFoundException(name);

        public Tensor Take(string name, params long[] shape) => empty(shape);
    }
}
