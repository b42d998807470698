namespace LoraDrop.Domain;

/// <summary>The range of adapter parameters a job may train, before importance is measured.</summary>
/// <param name="Least">If one layer of each module type has all the importance.</param>
/// <param name="Most">If all layers are equally important: reaching T then takes T · n of n layers, rounded up, which is the
/// maximum.</param>
/// <param name="Lora">With a branch for every target layer, for comparison.</param>
public sealed record ParameterRange(long Least, long Most, long Lora)
{
    /// <summary>The range; null if no target matches a layer of the model.</summary>
    public static ParameterRange? Of(JobRequest request, ModelSummary model)
    {
        var chosen = TargetLayers.Chosen(request.Tuning.Layers, [.. model.EveryModule]).ToHashSet();
        var sites =
            (from layer in Enumerable.Range(0, model.Layers).Where(request.Tuning.IsPlacedOn)
             from module in model.Modules where chosen.Contains(module.OfLayer(layer)) select new Site(module.Type, layer)).ToList();
        if (sites.Count == 0 && request.Tuning.Layers.Count > 0) return null;
        var layers = LinearModule.Among(model.Modules);
        long Count(SharingPlan plan) => ParameterCounts.Of(request.Tuning, plan, layers, model, head: 0).Adapter;
        var lora = Count(SharingPlan.OwnEverywhere(sites));
        if (request.Sharing is not { } sharing) return new(request.Tuning.Shrinks ? 0 : lora, lora, lora);
        SharingPlan Plan(Func<IGrouping<string, Site>, Site, double> I) => SharingPlan.From(
            sites.GroupBy(site => site.Type).SelectMany(type => type.Select(site => (site, I: I(type, site)))).ToDictionary(s => s.site,
            s => s.I), sharing, request.Training.Seed);
        if (sharing.IsByRank) return RankRange(request, sites, Count, lora);
        long[] ends = [Count(Plan((type, site) => site == type.First() ? 1 : 0)), Count(Plan((type, _) => 1.0 / type.Count()))];
        return new(request.Tuning.Shrinks ? 0 : ends.Min(), ends.Max(), lora); // with the inverse selection, the bounds swap
    }

    /// <summary>From one rank of one layer of each type, to all ranks of all layers.</summary>
    private static ParameterRange RankRange(JobRequest request, IReadOnlyList<Site> sites, Func<SharingPlan, long> count, long lora)
    {
        var rank = (int)request.Tuning.Sizes[0];
        SharingPlan Plan(Func<Site, int, double> energy) => SharingPlan.ByRank(
            sites.ToDictionary(site => site, site => (IReadOnlyList<double>)[.. Enumerable.Range(0, rank).Select(k => energy(site, k))]),
            request.Sharing!);
        var first = sites.GroupBy(site => site.Type).Select(type => type.First()).ToHashSet();
        var (one, even) = (count(Plan((site, k) => first.Contains(site) && k == 0 ? 1 : 0)), count(Plan((_, _) => 1)));
        return new(Math.Min(one, even), Math.Max(one, even), lora);
    }
}
