using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>The counts of the paper's tables, on models of the published sizes.</summary>
public sealed class ParameterCountFacts
{
    [Fact]
    public void LoRA_of_rank_8_on_query_and_value_of_roberta_base_has_294_912() =>
        Assert.Equal(new ParameterCounts(294_912, 294_912, 294_912 + 592_130),
            Counts(EncoderConfig.RobertaBase, classes: 2, OwnEverywhere));

    [Fact]
    public void LoRA_of_rank_8_on_query_and_value_of_roberta_large_has_786_432() =>
        Assert.Equal(786_432, Counts(EncoderConfig.RobertaLarge, classes: 2, OwnEverywhere).Adapter);

    [Fact]
    public void LoRA_drop_with_5_query_and_7_value_layers_kept_has_147_456_and_with_the_shared_pairs_172_032() =>
        Assert.Equal(new ParameterCounts(147_456, 172_032, 172_032 + 592_130),
            Counts(EncoderConfig.RobertaBase, classes: 2, FiveAndSevenKept));

    [Theory]
    [InlineData(2, 592_130)]
    [InlineData(3, 592_899)]
    [InlineData(1, 591_361)]
    public void The_head_of_roberta_base_is_counted_apart(int classes, long head)
    {
        var counts = Counts(EncoderConfig.RobertaBase, classes, FiveAndSevenKept);
        Assert.Equal(head, counts.AdapterAndHead - counts.Adapter);
    }

    [Fact]
    public void LoRA_on_Llama2_7b_has_4_194_304_on_query_and_value_and_128_974_848_at_rank_64_on_six_types()
    {
        Assert.Equal(4_194_304, Counted(8, "q_proj", "v_proj"));
        Assert.Equal(128_974_848, Counted(64, "q_proj", "k_proj", "v_proj", "o_proj", "up_proj", "down_proj"));
    }

    /// <summary>From the configuration alone.</summary>
    private static long Counted(int rank, params string[] targets)
    {
        var config = DecoderConfig.Llama2With7B;
        var layers = LinearModule.Among(config.LinearsOf("*")
            .Select(linear => new LinearModule(linear.Path[(linear.Path.LastIndexOf('.') + 1)..], linear.Path, linear.In, linear.Out)));
        var sites = from target in targets from layer in Enumerable.Range(0, config.Layers) select new Site(target, layer);
        return ParameterCounts.Of(new LoraSettings { Rank = rank }, SharingPlan.OwnEverywhere(sites), layers, null, 0).Adapter;
    }

    private static SharingPlan OwnEverywhere(IEnumerable<Site> sites) => SharingPlan.OwnEverywhere(sites);

    private static SharingPlan FiveAndSevenKept(IEnumerable<Site> sites) =>
        SharingPlan.Of(sites.Select(site => KeyValuePair.Create(site, site.Layer < (site.Type == "query" ? 5 : 7)
            ? Place.Own
            : Place.Shared)));

    private static ParameterCounts Counts(ModelConfig config, int classes, Func<IEnumerable<Site>, SharingPlan> plan)
    {
        using var model = new SequenceClassifier(config, new UnfilledWeights(), classes, 0, CPU);
        var sites = AdapterSites.Find(model, ["query", "value"]);
        using var adapter = new Adapter(model, sites, plan(sites.Select(s => s.Site)), new LoraSettings(), trainHead: true, 0);
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
