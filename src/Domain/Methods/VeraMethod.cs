using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>VeRA: h = W x + Λ_b B Λ_d A x, with one frozen random pair A, B for all layers (Kopiczko et al. 2024, equation 2).</summary>
public sealed record VeraSettings : BranchSettings
{
    /// <summary>r, the rank of the frozen A and B, and the length of λ_d; at least 1, default 512 (the LoRA-drop paper's table
    /// 1).</summary>
    public int Rank { get; init; } = 512;

    /// <summary>The value at which every entry of λ_d starts; not 0, default 0.1.</summary>
    public double InitialScale { get; init; } = 0.1;

    /// <summary>The seed from which A and B are drawn, as PEFT draws them; at least 0, default 0.</summary>
    public long ProjectionKey { get; init; }

    [JsonIgnore]
    public override IReadOnlyList<long> Sizes => [Rank];

    public override IEnumerable<Fault> Faults(string path)
    {
        if (Rank < 1) yield return new($"{path}.rank", $"must be at least 1; got {Rank}");
        if (InitialScale == 0 || !double.IsFinite(InitialScale))
            yield return new($"{path}.initialScale", $"must not be 0; got {InitialScale}");
        if (ProjectionKey < 0) yield return new($"{path}.projectionKey", $"must be at least 0; got {ProjectionKey}");
        foreach (var fault in base.Faults(path)) yield return fault;
    }

    /// <summary>λ_b and λ_d.</summary>
    protected override long OwnNumbers(LinearModule layer) => layer.Out + Rank;
}

/// <summary>Vectors that scale one frozen random pair.</summary>
public sealed class VeraMethod : Method<VeraSettings>
{
    public override string Name => "vera";

    public override string Title => "VeRA";

    public override string Summary => "Two vectors for every target layer, which scale a random low-rank pair that all layers share.";

    public override string Source => "Kopiczko et al. 2024, arXiv 2310.11454";

    public override MethodExport Export => MethodExport.Peft;

    /// <summary>The lower end of those in Kopiczko et al. 2024, table 8.</summary>
    public override double? LearningRate => 4e-3;

    protected override VeraSettings DefaultsFor(TaskPreset? preset) =>
        preset is null ? new() : new() { Targets = preset.Lora.Targets };

    internal override VeraSettings Read(JsonFields fields, VeraSettings defaults) => BranchSettings.Read(fields, defaults) with
    {
        Rank = fields.Integer("rank") ?? defaults.Rank,
        InitialScale = fields.Number("initialScale") ?? defaults.InitialScale,
        ProjectionKey = fields.LongInteger("projectionKey") ?? defaults.ProjectionKey,
    };
}
