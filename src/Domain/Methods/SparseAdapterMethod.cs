using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>By which score the entries that are kept are chosen.</summary>
public enum SparseCriterion
{
    /// <summary>|w ∘ ∂L/∂w|, how much the loss would change without the entry (SNIP, Lee et al. 2019, arXiv 1810.02340).</summary>
    Snip,

    /// <summary>|w|.</summary>
    Magnitude,

    /// <summary>By lot.</summary>
    Random,
}

/// <summary>SparseAdapter on LoRA: h = W x + (α/r) (M_B ∘ B) (M_A ∘ A) x, with a fixed mask of zeros and ones (He et al. 2022).</summary>
/// <remarks>The mask saves no arithmetic: what is counted are the entries that are not 0.</remarks>
public sealed record SparseAdapterSettings : LowRankSettings
{
    /// <summary>The fraction of the entries of all A and B together that is kept; (0, 1), default 0.5 (the LoRA-drop paper's table
    /// 1).</summary>
    public double Keep { get; init; } = 0.5;

    /// <summary>By which score; default <c>snip</c>.</summary>
    public SparseCriterion Criterion { get; init; } = SparseCriterion.Snip;

    /// <summary>Steps that train all entries before the mask is chosen, since with B = 0 every score of SNIP is 0; at least 1, and at most
    /// the steps of the stage; default null: a hundredth of the steps, at least 10. The paper chooses before training.</summary>
    public int? WarmupSteps { get; init; }

    /// <summary>LoRA's, and a score and a mask, also for what is not kept.</summary>
    [JsonIgnore]
    public override double BytesPerTrainedNumber => (base.BytesPerTrainedNumber + 8) / Keep;

    public override IEnumerable<Fault> Faults(string path)
    {
        if (Keep is not (> 0 and < 1)) yield return new($"{path}.keep", $"must lie in (0, 1); got {Keep}");
        if (WarmupSteps < 1) yield return new($"{path}.warmupSteps", $"must be at least 1; got {WarmupSteps}");
        foreach (var fault in base.Faults(path)) yield return fault;
    }

    /// <summary>The step after which the mask is chosen, in a stage of a number of steps.</summary>
    public int WarmupOf(int steps) => Math.Min(steps, WarmupSteps ?? Math.Max(10, steps / 100));

    /// <summary>How many of a number of entries are kept.</summary>
    public long Kept(long entries) => (long)(Keep * entries);

    /// <summary>What is kept. How much of it is shared depends on the scores; it is counted as if it were the same fraction.</summary>
    public override TrainedNumbers Count(SharingPlan plan, Func<Site, LinearModule> layer, ModelSummary? model)
    {
        var (own, shared) = base.Count(plan, layer, model);
        return new(Kept(own), Kept(own + shared) - Kept(own));
    }
}

/// <summary>A low-rank pair with a fixed pattern of zeros.</summary>
public sealed class SparseAdapterMethod : LowRankMethod<SparseAdapterSettings>
{
    public override string Name => "sparse-adapter";

    public override string Title => "SparseAdapter";

    public override string Summary => "A low-rank pair of which the more important half of the entries is trained, and the others are 0.";

    public override string Source => "He et al. 2022, arXiv 2210.04284";

    public override MethodExport Export => MethodExport.FoldedLora;

    internal override SparseAdapterSettings Read(JsonFields fields, SparseAdapterSettings defaults) => base.Read(fields, defaults) with
    {
        Keep = fields.Number("keep") ?? defaults.Keep,
        Criterion = fields.Choice<SparseCriterion>("criterion") ?? defaults.Criterion,
        WarmupSteps = fields.Integer("warmupSteps"),
    };
}
