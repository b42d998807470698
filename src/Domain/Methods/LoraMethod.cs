using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>Low-rank adapters: h = W x + (α/r) B A x (equation 1 of the LoRA-drop paper).</summary>
public record LoraSettings : BranchSettings
{
    /// <summary>r, the rank of A and B; at least 1, default the preset's, else 8 (the paper's GLUE runs).</summary>
    public int Rank { get; init; } = 8;

    /// <summary>α, the output of an adapter is scaled by α/r; above 0, default the preset's, else 8 (Hu et al. 2021, table 9).</summary>
    public double Alpha { get; init; } = 8;

    [JsonIgnore]
    public override IReadOnlyList<long> Sizes => [Rank];

    public override IEnumerable<Fault> Faults(string path)
    {
        if (Rank < 1) yield return new($"{path}.rank", $"must be at least 1; got {Rank}");
        if (Alpha is not (> 0 and < double.PositiveInfinity)) yield return new($"{path}.alpha", $"must be above 0; got {Alpha}");
        foreach (var fault in base.Faults(path)) yield return fault;
    }

    public override IEnumerable<Fault> WidthFaults(string path, IReadOnlyList<LinearModule> layers)
    {
        if (TargetLayers.RankFault(Rank, layers, $"{path}.rank") is { } tooLarge) yield return tooLarge;
    }

    protected override long OwnNumbers(long d, long k) => Rank * (d + k);
}

/// <summary>Methods whose settings are LoRA's, or LoRA's and more.</summary>
public abstract class LowRankMethod<TSettings> : Method<TSettings> where TSettings : LoraSettings, new()
{
    protected override TSettings DefaultsFor(TaskPreset? preset) => preset is null
        ? new()
        : new() { Rank = preset.Lora.Rank, Alpha = preset.Lora.Alpha, Targets = preset.Lora.Targets };

    internal override TSettings Read(JsonFields fields, TSettings defaults) => BranchSettings.Read(fields, defaults) with
    {
        Rank = fields.Integer("rank") ?? defaults.Rank,
        Alpha = fields.Number("alpha") ?? defaults.Alpha,
    };
}

/// <summary>A LoRA for every target layer: the baseline.</summary>
public sealed class LoraMethod : LowRankMethod<LoraSettings>
{
    public override string Name => "lora";

    public override string Title => "LoRA";

    public override string Summary => "A low-rank pair for every target layer: ΔW = (α/r)·BA.";

    public override string Source => "Hu et al. 2021, arXiv 2106.09685";

    public override Placing Placing => Placing.Everywhere;

    public override MethodExport Export => MethodExport.Peft;
}

/// <summary>LoRA for the layers that matter, and one shared by the others.</summary>
public sealed class LoraDropMethod : LowRankMethod<LoraSettings>
{
    public override string Name => "lora-drop";

    public override string Title => "LoRA-drop";

    public override string Summary =>
        "Measures the importance of each layer's LoRA, keeps the important ones, and shares one LoRA among the others.";

    public override string Source => "Zhou et al. 2024, arXiv 2402.07721";

    public override string Section => "lora";

    public override Placing Placing => Placing.ByImportance;

    public override MethodExport Export => MethodExport.Peft;
}
