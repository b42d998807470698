namespace LoraDrop.Domain.Tests;

public sealed class SharingPlanFacts
{
    private static readonly IReadOnlyDictionary<Site, double> I = Of(("query", [0.1, 0.2, 0.3, 0.4]), ("value", [0.7, 0.1, 0.1, 0.1]));

    [Fact]
    public void Layers_that_reach_the_threshold_keep_their_LoRA_and_the_others_share_one_per_type()
    {
        var plan = SharingPlan.From(I, new() { Threshold = 0.7 });
        Assert.Equal([new("query", 2), new("query", 3), new("value", 0)], plan.Own);
        Assert.Equal(["query", "value"], plan.SharedTypes);
        Assert.Equal(Place.Shared, plan[new("value", 3)]);
        Assert.Empty(plan.Remarks);
    }

    [Fact]
    public void By_rank_the_directions_with_the_most_energy_are_kept_and_layers_without_any_share_a_LoRA()
    {
        var energies = Energies(("query", [[9, 1, 0], [20, 10, 5], [0.1, 0.1, 0], [0.3, 0, 0]]), ("value", [[1, 0, 0], [1, 1, 1]]));
        var plan = SharingPlan.ByRank(energies, new() { Granularity = Granularity.Rank, Threshold = 0.9 });
        Assert.Equal([1, 3, null, null], Enumerable.Range(0, 4).Select(layer => plan.RankOf(new("query", layer)))); // 20, 10, 9, 5 of 45.5
        Assert.Equal([Place.Own, Place.Own, Place.Shared, Place.Shared],
            Enumerable.Range(0, 4).Select(layer => plan[new("query", layer)]));
        Assert.Equal([1, 3], Enumerable.Range(0, 2).Select(layer => plan.RankOf(new("value", layer)))); // each type for itself
        Assert.Empty(plan.Remarks);
        Assert.Equal(Place.None, SharingPlan.ByRank(energies,
            new() { Granularity = Granularity.Rank, Threshold = 0.9, Remainder = Remainder.None })[new("query", 2)]);
    }

    [Fact]
    public void By_rank_the_only_layer_without_a_direction_keeps_its_LoRA_and_the_plan_says_so()
    {
        var plan = SharingPlan.ByRank(Energies(("query", [[8, 1], [7, 1], [1, 0.5]])), new() { Threshold = 0.8 });
        Assert.Equal([1, 1, 2], Enumerable.Range(0, 3).Select(layer => plan.RankOf(new("query", layer))));
        Assert.StartsWith("query 2 is the only query layer below the cut", Assert.Single(plan.Remarks));
    }

    [Fact]
    public void Auto_says_over_how_many_importance_is_spread()
    {
        var plan = SharingPlan.From(I, new() { Threshold = Threshold.Auto });
        Assert.Equal([1, 2, 3], plan.Own.Where(site => site.Type == "query").Skip(1).Select(site => site.Layer)); // 4 of 4: 1/.30 = 3.3
        Assert.Equal([0, 1], plan.Own.Where(site => site.Type == "value").Select(site => site.Layer)); // 1/.52 = 1.9
        Assert.Contains("The importance of value is spread over 1.9 of its 4 layers, so 2 keep their own LoRA.", plan.Remarks);
    }

    [Fact]
    public void A_single_layer_under_the_cut_keeps_its_LoRA_and_the_plan_says_so()
    {
        var plan = SharingPlan.From(I, new() { Threshold = 0.9 });
        Assert.Equal([0, 1, 2, 3], plan.Own.Where(site => site.Type == "query").Select(site => site.Layer));
        Assert.StartsWith("query 0 is the only query layer below the cut", plan.Remarks[0]);
    }

    [Fact]
    public void Without_sharing_the_layers_under_the_cut_have_no_LoRA_be_it_only_one()
    {
        var plan = SharingPlan.From(I, new() { Remainder = Remainder.None });
        Assert.Equal(Place.None, plan[new("query", 0)]);
        Assert.Empty(plan.SharedTypes);
        Assert.Empty(plan.Remarks);
    }

    [Fact]
    public void A_number_of_layers_counts_instead_of_the_threshold_for_each_type()
    {
        var plan = SharingPlan.From(I, new() { Threshold = 0.01, Keep = 2 });
        Assert.Equal([new("query", 2), new("query", 3), new("value", 0), new("value", 1)], plan.Own);
        Assert.Equal(8, SharingPlan.From(I, new() { Threshold = 0.01, Keep = 99 }).Own.Count());
    }

    [Fact]
    public void Inverse_lets_the_important_layers_share() =>
        Assert.Equal([0, 1], SharingPlan.From(I, new() { Threshold = 0.7, Select = Selection.Inverse }).Own
            .Where(site => site.Type == "query")
            .Select(site => site.Layer));

    [Fact]
    public void A_random_choice_is_fixed_by_the_seed()
    {
        int[] Drawn(long seed) =>
            [.. SharingPlan.From(I, new() { Keep = 2, Select = Selection.Random }, seed).Own.Select(site => site.Layer)];
        Assert.Equal(Drawn(3), Drawn(3));
        Assert.True(Enumerable.Range(0, 20).Select(seed => string.Join(' ', Drawn(seed))).Distinct().Count() > 1,
            "twenty seeds chose the same layers");
    }

    [Fact]
    public void A_threshold_of_1_is_ordinary_LoRA() =>
    Assert.Equal(SharingPlan.OwnEverywhere(I.Keys).Places, SharingPlan.From(I, new() { Threshold = 1 }).Places);

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

    private static Dictionary<Site, IReadOnlyList<double>> Energies(params (string Type, double[][] Layers)[] types) => types
        .SelectMany(type => type.Layers.Select((energies, layer) => (Site: new Site(type.Type, layer), energies)))
        .ToDictionary(site => site.Site, site => (IReadOnlyList<double>)site.energies);

    private static Dictionary<Site, double> Of(params (string Type, double[] I)[] types) =>
        types.SelectMany(type => type.I.Index().Select(layer => (Site: new Site(type.Type, layer.Index), layer.Item)))
            .ToDictionary(site => site.Site, site => site.Item);
}
