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
        var widths = model.Modules.ToDictionary(module => module.Type, module => (module.In, module.Out));
        long Count(SharingPlan plan) => ParameterCounts.Of(request.Tuning, plan, type => widths[type], model, head: 0).Adapter;
        var lora = Count(SharingPlan.OwnEverywhere(sites));
        if (request.Sharing is not { } sharing) return new(request.Tuning.Shrinks ? 0 : lora, lora, lora);
        SharingPlan Plan(Func<IGrouping<string, Site>, Site, double> I) => SharingPlan.From(
            sites.GroupBy(site => site.Type).SelectMany(type => type.Select(site => (site, I: I(type, site)))).ToDictionary(s => s.site,
            s => s.I), sharing.Threshold ?? 1, sharing.Keep, sharing.Select, sharing.Remainder, request.Training.Seed);
        long[] ends = [Count(Plan((type, site) => site == type.First() ? 1 : 0)), Count(Plan((type, _) => 1.0 / type.Count()))];
        return new(request.Tuning.Shrinks ? 0 : ends.Min(), ends.Max(), lora); // with the inverse selection, the bounds swap
    }
}
