using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>LoRA-FA: h = W x + (α/r) B A x, with A as it was drawn (Zhang et al. 2023, arXiv 2308.03303).</summary>
/// <remarks>The gradient of B is projected, as in PEFT's optimiser for it: g ← (r/α)² g (AAᵀ)⁻¹.</remarks>
public sealed record LoraFaSettings : LowRankSettings
{
    /// <summary>LoRA's, and A, which is not counted: about the size of B.</summary>
    [JsonIgnore]
    public override double BytesPerTrainedNumber => base.BytesPerTrainedNumber + 4;

    /// <summary>B.</summary>
    protected override long OwnNumbers(LinearModule layer) => Rank * layer.Out;
}

/// <summary>LoRA whose A is not trained.</summary>
public sealed class LoraFaMethod : LowRankMethod<LoraFaSettings>
{
    public override string Name => "lora-fa";

    public override string Title => "LoRA-FA";

    public override string Summary => "The second matrix of a low-rank pair, whose first one stays as it was drawn.";

    public override string Source => "Zhang et al. 2023, arXiv 2308.03303";

    public override MethodExport Export => MethodExport.Peft;
}
