using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Methods;

/// <summary>SoRA: ΔW = (α/r)·B·diag(g)·A (Ding et al. 2023, equation 4). The loss has λ·mean|g|, and after each step every gate shrinks
/// by ξ towards 0.</summary>
internal sealed class SoraTuning(Placement at, SoraSettings settings) : FoldedTuning(at)
{
    protected override IEnumerable<TrainedTensor> TensorsOf(BranchSlot slot) =>
    [
        LoraPair.A(slot, settings.Rank), LoraPair.B(slot, settings.Rank),
        new($"{slot.Path}.gate", [settings.Rank])
        {
            Initial = (shape, seed, name) => InitialValues.Normal(shape, 1, seed, name), Decays = false,
        },
    ];

    protected override Branch BranchOf(BranchSlot slot, AdapterSite user, FlatParameters values) => new ScaledLora(
        values[LoraPair.NameOfA(slot)], values[LoraPair.NameOfB(slot)], values[$"{slot.Path}.gate"], v: null,
        settings.Alpha / settings.Rank, settings.Dropout, At.Model.Masks);

    /// <summary>λ·mean|g| over all gates.</summary>
    public override Tensor? Penalty(FlatParameters values)
    {
        using var scope = NewDisposeScope();
        return cat([.. Gates(values)]).abs().mean().Times(settings.Lambda).MoveToOuterDisposeScope(); // ()
    }

    /// <summary>Soft thresholding: g ← sign(g)·max(|g| − ξ, 0), the proximal step of ξ·|g|.</summary>
    public override void AfterStep(FlatParameters values, OptimizerStep step)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach (var g in Gates(values)) g.SoftThreshold_(settings.Threshold);   // (r)
    }

    /// <summary>A gate that is 0 takes its row of A, its column of B and itself away.</summary>
    public override long TakenAway(FlatParameters values)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return At.Slots.Sum(slot =>
            (settings.Rank - values[$"{slot.Path}.gate"].count_nonzero().item<long>()) * (slot.In + slot.Out + 1));
    }

    private IEnumerable<Tensor> Gates(FlatParameters values) => At.Slots.Select(slot => values[$"{slot.Path}.gate"]); // (r)
}
