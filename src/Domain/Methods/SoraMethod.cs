using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>SoRA: h = W x + (α/r) B (g ∘ A x), with gates g that training drives to 0 (Ding et al. 2023).</summary>
public sealed record SoraSettings : LowRankSettings
{
    public SoraSettings() => Alpha = 16;

    /// <summary>λ, the weight of the gates' mean magnitude in the loss; at least 0, default 10.</summary>
    public double Lambda { get; init; } = 10;

    /// <summary>ξ, by which every gate shrinks towards 0 at each step; at least 0, default 3e-4.</summary>
    public double Threshold { get; init; } = 3e-4;

    public override IEnumerable<Fault> Faults(string path)
    {
        if (Lambda is not (>= 0 and < double.PositiveInfinity)) yield return new($"{path}.lambda", $"must be at least 0; got {Lambda}");
        if (Threshold is not (>= 0 and < double.PositiveInfinity))
            yield return new($"{path}.threshold", $"must be at least 0; got {Threshold}");
        foreach (var fault in base.Faults(path)) yield return fault;
    }

    /// <summary>Gates become 0.</summary>
    [JsonIgnore]
    public override bool Shrinks => true;

    /// <summary>A, B and g, before any gate is 0.</summary>
    protected override long OwnNumbers(LinearModule layer) => base.OwnNumbers(layer) + Rank;
}

/// <summary>LoRA with a rank that training lowers.</summary>
public sealed class SoraMethod : LowRankMethod<SoraSettings>
{
    public override string Name => "sora";

    public override string Title => "SoRA";

    public override string Summary => "A low-rank pair with a gate for each rank; gates that training drives to 0 take their rank away.";

    public override string Source => "Ding et al. 2023, arXiv 2311.11696";

    public override MethodExport Export => MethodExport.FoldedLora;

    public override double? LearningRate => 8e-4;

    protected override SoraSettings DefaultsFor(TaskPreset? preset) =>
        preset is null ? new() : new() { Rank = preset.Lora.Rank, Alpha = 2 * preset.Lora.Alpha, Targets = preset.Lora.Targets };

    internal override SoraSettings Read(JsonFields fields, SoraSettings defaults) => base.Read(fields, defaults) with
    {
        Lambda = fields.Number("lambda") ?? defaults.Lambda,
        Threshold = fields.Number("threshold") ?? defaults.Threshold,
    };
}
