namespace LoraDrop.Domain;

/// <summary>Tied-LoRA (TL6): h = W x + (α/r) Λ_v B Λ_u A x, with A and B tied over the layers (Renduchintala et al. 2024).</summary>
public sealed record TiedLoraSettings : LowRankSettings
{
    /// <summary>A and B once, u and v for every layer; module types of one input width share A and u.</summary>
    public override TrainedNumbers Count(SharingPlan plan, Func<Site, LinearModule> layer, ModelSummary? model)
    {
        var types = plan.Own.DistinctBy(site => site.Type).Select(layer).ToArray();
        var widths = types.Select(type => type.In).Distinct().ToArray();
        var scales = plan.Own.GroupBy(site => site.Layer).Sum(sites =>
            Rank * sites.Select(site => layer(site).In).Distinct().Count() + sites.Sum(site => layer(site).Out));
        return new(widths.Sum(d => Rank * d) + types.Sum(type => Rank * type.Out) + scales, 0);
    }
}

/// <summary>One low-rank pair for all layers, scaled for each.</summary>
public sealed class TiedLoraMethod : LowRankMethod<TiedLoraSettings>
{
    public override string Name => "tied-lora";

    public override string Title => "Tied-LoRA";

    public override string Summary => "One low-rank pair, tied over all layers, and two vectors for each layer that scale it.";

    public override string Source => "Renduchintala et al. 2024, arXiv 2311.09578 (TL6)";

    public override Placing Placing => Placing.Tied;

    public override MethodExport Export => MethodExport.FoldedLora;

    /// <summary>The LoRA-drop paper's rank, and α = r.</summary>
    protected override TiedLoraSettings DefaultsFor(TaskPreset? preset) =>
        new() { Rank = 56, Alpha = 56, Targets = preset?.Lora.Targets ?? new TiedLoraSettings().Targets };
}
