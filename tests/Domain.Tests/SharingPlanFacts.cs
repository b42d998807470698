namespace LoraDrop.Domain.Tests;

public sealed class SharingPlanFacts
{
    private static readonly IReadOnlyDictionary<Site, double> I = Of(("query", [0.1, 0.2, 0.3, 0.4]), ("value", [0.7, 0.1, 0.1, 0.1]));

    [Fact]
    public void Layers_that_reach_the_threshold_keep_their_LoRA_and_the_others_share_one_per_type()
    {
        var plan = SharingPlan.From(I, 0.7);
        Assert.Equal([new("query", 2), new("query", 3), new("value", 0)], plan.Own);
        Assert.Equal(["query", "value"], plan.SharedTypes);
        Assert.Equal(Place.Shared, plan[new("value", 3)]);
        Assert.Empty(plan.Remarks);
    }

    [Fact]
    public void A_single_layer_under_the_cut_keeps_its_LoRA_and_the_plan_says_so()
    {
        var plan = SharingPlan.From(I, 0.9);
        Assert.Equal([0, 1, 2, 3], plan.Own.Where(site => site.Type == "query").Select(site => site.Layer));
        Assert.StartsWith("query 0 is the only query layer below the cut", plan.Remarks[0]);
    }

    [Fact]
    public void Without_sharing_the_layers_under_the_cut_have_no_LoRA_be_it_only_one()
    {
        var plan = SharingPlan.From(I, 0.9, remainder: Remainder.None);
        Assert.Equal(Place.None, plan[new("query", 0)]);
        Assert.Empty(plan.SharedTypes);
        Assert.Empty(plan.Remarks);
    }

    [Fact]
    public void A_number_of_layers_counts_instead_of_the_threshold_for_each_type()
    {
        var plan = SharingPlan.From(I, threshold: 0.01, keep: 2);
        Assert.Equal([new("query", 2), new("query", 3), new("value", 0), new("value", 1)], plan.Own);
        Assert.Equal(8, SharingPlan.From(I, threshold: 0.01, keep: 99).Own.Count());
    }

    [Fact]
    public void Inverse_lets_the_important_layers_share() =>
        Assert.Equal([0, 1], SharingPlan.From(I, 0.7, rule: Selection.Inverse).Own.Where(site => site.Type == "query")
            .Select(site => site.Layer));

    [Fact]
    public void A_random_choice_is_fixed_by_the_seed()
    {
        int[] Drawn(long seed) => [.. SharingPlan.From(I, 1, keep: 2, rule: Selection.Random, seed: seed).Own.Select(site => site.Layer)];
        Assert.Equal(Drawn(3), Drawn(3));
        Assert.True(Enumerable.Range(0, 20).Select(seed => string.Join(' ', Drawn(seed))).Distinct().Count() > 1,
            "twenty seeds chose the same layers");
    }

    [Fact]
    public void A_threshold_of_1_is_ordinary_LoRA() =>
    Assert.Equal(SharingPlan.OwnEverywhere(I.Keys).Places, SharingPlan.From(I, 1).Places);

    [Fact]
    public void A_plan_is_ordered_by_type_and_layer() =>
        Assert.Equal([new("query", 2), new("query", 10), new("value", 0)],
            SharingPlan.OwnEverywhere([new("value", 0), new("query", 10), new("query", 2)]).Places.Keys);

    [Fact]
    public void Only_the_named_sites_are_on()
    {
        var plan = SharingPlan.Only(I.Keys, new HashSet<Site> { new("query", 1) });
        Assert.Equal([new("query", 1)], plan.Own);
        Assert.Equal(7, plan.Places.Values.Count(place => place == Place.None));
    }

    private static Dictionary<Site, double> Of(params (string Type, double[] I)[] types) =>
        types.SelectMany(type => type.I.Index().Select(layer => (Site: new Site(type.Type, layer.Index), layer.Item)))
            .ToDictionary(site => site.Site, site => site.Item);
}
