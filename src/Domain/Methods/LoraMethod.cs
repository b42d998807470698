using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>Settings of methods with a low-rank pair: h = W x + (α/r) B A x, or a variation of it.</summary>
public abstract record LowRankSettings : BranchSettings
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

/// <summary>Where A and B start.</summary>
public enum LoraStart
{
    /// <summary>A Kaiming uniform, B zero (Hu et al. 2021).</summary>
    Zero,

    /// <summary>The r largest singular directions of the weight, which training moves away from (PiSSA, Meng et al. 2024, arXiv
    /// 2404.02948).</summary>
    Pissa,

    /// <summary>The first r columns and rows of the weight's QR decomposition (OLoRA, Büyükakyüz 2024, arXiv 2406.01775).</summary>
    Olora,
}

/// <summary>Low-rank adapters: h = W x + (α/r) B A x (equation 1 of the LoRA-drop paper).</summary>
public sealed record LoraSettings : LowRankSettings
{
    /// <summary>Whether outputs are scaled by α/√r instead of α/r (rsLoRA, Kalajdzievski 2023, arXiv 2312.03732); default no.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? RankStabilised { get; init; }

    /// <summary>The learning rate of B as a multiple of A's (LoRA+, Hayou et al. 2024, arXiv 2402.12354); at least 1, default 1.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? PlusRatio { get; init; }

    /// <summary>Where A and B start; default <c>zero</c>. The others start from the weight of the layer, and so cannot be shared.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public LoraStart? Start { get; init; }

    /// <summary>The factor of BAx: α/r, or α/√r.</summary>
    [JsonIgnore]
    public double Scale => Alpha / (RankStabilised == true ? Math.Sqrt(Rank) : Rank);

    /// <summary>Whether A and B start from the weight.</summary>
    [JsonIgnore]
    public bool StartsFromWeight => Start is LoraStart.Pissa or LoraStart.Olora;

    public override IEnumerable<Fault> Faults(string path)
    {
        if (PlusRatio is not (null or (>= 1 and < double.PositiveInfinity)))
            yield return new($"{path}.plusRatio", $"must be at least 1; got {PlusRatio}");
        foreach (var fault in base.Faults(path)) yield return fault;
    }

    public override IEnumerable<Fault> SharingFaults(string path, SharingSettings sharing)
    {
        if (StartsFromWeight && sharing.Remainder == Remainder.Share)
            yield return new($"{path}.start", $"cannot be {JsonText.NameOf(Start!.Value)} where layers share a LoRA: it starts from the "
                + "weight of one layer; set sharing.remainder to none, or use the method lora");
        if (StartsFromWeight && sharing.Granularity == Granularity.Rank)
            yield return new($"{path}.start", $"cannot be {JsonText.NameOf(Start!.Value)} where importance decides the ranks: it is the "
                + "weight's own directions that it starts from");
    }

    protected override long OwnNumbers(LinearModule layer, int? rank) => (rank ?? Rank) * (layer.In + layer.Out);
}

/// <summary>Methods with a rank and a scale.</summary>
public abstract class LowRankMethod<TSettings> : Method<TSettings> where TSettings : LowRankSettings, new()
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

/// <summary>Methods with LoRA's settings.</summary>
public abstract class LoraMethodBase : LowRankMethod<LoraSettings>
{
    public sealed override string Section => "lora";

    public sealed override MethodExport Export => MethodExport.Peft;

    internal sealed override LoraSettings Read(JsonFields fields, LoraSettings defaults) => base.Read(fields, defaults) with
    {
        RankStabilised = fields.Flag("rankStabilised"),
        PlusRatio = fields.Number("plusRatio"),
        Start = fields.Choice<LoraStart>("start"),
    };
}

/// <summary>A LoRA for every target layer: the baseline.</summary>
public sealed class LoraMethod : LoraMethodBase
{
    public override string Name => "lora";

    public override string Title => "LoRA";

    public override string Summary => "A low-rank pair for every target layer: ΔW = (α/r)·BA.";

    public override string Source => "Hu et al. 2021, arXiv 2106.09685";

    public override Placing Placing => Placing.Everywhere;
}

/// <summary>LoRA for the layers that matter, and one shared by the others.</summary>
public sealed class LoraDropMethod : LoraMethodBase
{
    public override string Name => "lora-drop";

    public override string Title => "LoRA-drop";

    public override string Summary =>
        "Measures the importance of each layer's LoRA, keeps the important ones, and shares one LoRA among the others.";

    public override string Source => "Zhou et al. 2024, arXiv 2402.07721";

    public override Placing Placing => Placing.ByImportance;
}
