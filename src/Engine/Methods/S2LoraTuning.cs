using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Methods;

/// <summary>S²-LoRA: ΔW = (α/r)·B·diag(e)·A, A for each input width, B for each output width, e for each target layer; after each step
/// every e shrinks by λη towards 0 (<see cref="S2LoraSettings"/> says what its paper does not).</summary>
internal sealed class S2LoraTuning(Placement at, S2LoraSettings settings) : FoldedTuning(at)
{
    protected override IEnumerable<TrainedTensor> Common =>
    [
        .. At.Sites.Select(site => site.Linear.In).Distinct().Select(d => new TrainedTensor(A(d), [settings.Rank, d]) { Initial = Small }),
        .. At.Sites.Select(site => site.Linear.Out).Distinct().Select(k => new TrainedTensor(B(k), [k, settings.Rank]) { Initial = Small }),
    ];

    protected override IEnumerable<TrainedTensor> TensorsOf(BranchSlot slot) => [new(E(slot), [settings.Rank]) { Decays = false }];

    protected override Branch BranchOf(BranchSlot slot, AdapterSite user, FlatParameters values) => new ScaledLora(
        values[A(slot.In)], values[B(slot.Out)], values[E(slot)], v: null, settings.Alpha / settings.Rank, settings.Dropout,
        At.Model.Masks);

    /// <summary>The proximal step of λ·Σ|e|.</summary>
    public override void AfterStep(FlatParameters values, OptimizerStep step)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach (var slot in At.Slots) values[E(slot)].SoftThreshold_(step.Rate * settings.Lambda); // (r)
    }

    private static string A(long d) => $"shared.A.{d}";

    private static string B(long k) => $"shared.B.{k}";

    private static string E(BranchSlot slot) => $"{slot.Path}.rank_coefficients";

    /// <summary>AdaLoRA's start of A and B.</summary>
    private static Tensor Small(long[] shape, long seed, string name) => InitialValues.Normal(shape, 0.02, seed, name);
}
