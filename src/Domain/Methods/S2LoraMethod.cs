namespace LoraDrop.Domain;

/// <summary>S²-LoRA: h = W x + (α/r) B (e ∘ A x), one A and B for all layers and sparse rank coefficients e for each weight (Liu et
/// al. 2023).</summary>
/// <remarks>The abstract says so much: A and B are shared globally, and each weight has rank coefficients of its own that are constrained
/// to be sparse, after AdaLoRA's. Not confirmed by any source, and chosen here: one A for each input width and one B for each output
/// width; the start, which is AdaLoRA's; that sparsity comes from λ·Σ|e|, applied as a proximal step.</remarks>
public sealed record S2LoraSettings : LowRankSettings
{
    /// <summary>Rank and α are 32: with width 768 that is 0.02 % of Whisper-small, the paper's number.</summary>
    public S2LoraSettings() => (Rank, Alpha) = (32, 32);

    /// <summary>λ, the weight of Σ|e| in the loss: after each step every coefficient shrinks by λ times the learning rate towards 0; at
    /// least 0, default 0.1. Adam's steps are of the order of the learning rate, so that from 1 on few coefficients stay.</summary>
    public double Lambda { get; init; } = 0.1;

    public override IEnumerable<Fault> Faults(string path)
    {
        if (Lambda is not (>= 0 and < double.PositiveInfinity)) yield return new($"{path}.lambda", $"must be at least 0; got {Lambda}");
        foreach (var fault in base.Faults(path)) yield return fault;
    }

    /// <summary>A for each input width, B for each output width, e for each layer.</summary>
    public override TrainedNumbers Count(SharingPlan plan, Func<Site, LinearModule> layer, ModelSummary? model)
    {
        var types = plan.Own.DistinctBy(site => site.Type).Select(layer).ToArray();
        var widths = types.Select(type => type.In).Distinct().Sum() + types.Select(type => type.Out).Distinct().Sum();
        return new(Rank * (widths + plan.Own.Count()), 0);
    }
}

/// <summary>One low-rank pair for all layers, of which each takes the ranks that it needs.</summary>
public sealed class S2LoraMethod : LowRankMethod<S2LoraSettings>
{
    public override string Name => "s2-lora";

    public override string Title => "S²-LoRA";

    public override string Summary => "One low-rank pair for all layers, and for each layer a sparse vector of coefficients of its ranks.";

    public override string Source => "Liu et al. 2023, arXiv 2309.11756";

    public override Placing Placing => Placing.Tied;

    public override MethodExport Export => MethodExport.FoldedLora;

    protected override S2LoraSettings DefaultsFor(TaskPreset? preset) =>
        new() { Targets = preset?.Lora.Targets ?? new S2LoraSettings().Targets };

    internal override S2LoraSettings Read(JsonFields fields, S2LoraSettings defaults) => base.Read(fields, defaults) with
    {
        Lambda = fields.Number("lambda") ?? defaults.Lambda,
    };
}
