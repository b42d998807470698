using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Methods;

/// <summary>SoRA's branch: ΔW = (α/r)·B·diag(g)·A (Ding et al. 2023, equation 4).</summary>
/// <param name="A">(r, d).</param>
/// <param name="B">(k, r).</param>
/// <param name="g">The gates (r).</param>
/// <param name="scale">α/r.</param>
/// <param name="dropout">Fraction of x dropped before A in training.</param>
/// <param name="masks">Source of the dropout masks.</param>
internal sealed class Sora(Tensor A, Tensor B, Tensor g, double scale, double dropout, DropoutMasks masks) : LowRankBranch
{
    public override Tensor Forward(Tensor x, Linear layer)                       // x: (N, d)
    {
        using var scope = NewDisposeScope();
        var h = layer.Product(x);                                                // (N, k)
        var u = nn.functional.linear(masks.Drop(x.to(A.dtype), dropout), A) * g; // (N, r) = g ∘ A x
        return h.Plus(nn.functional.linear(u, B).Times(scale).to(h.dtype)).MoveToOuterDisposeScope(); // (N, k)
    }

    protected override (Tensor A, Tensor B, double Scale) Factors() => (A * g.unsqueeze(1), B, scale);
}

/// <summary>SoRA: the loss has λ·mean|g|, and after each step every gate shrinks by ξ towards 0.</summary>
internal sealed class SoraTuning(Placement at, SoraSettings settings) : FoldedTuning(at)
{
    protected override IEnumerable<TrainedTensor> TensorsOf(BranchSlot slot) =>
    [
        new($"{slot.Path}.lora_A.weight", [settings.Rank, slot.In]) { Initial = InitialValues.KaimingUniform },
        new($"{slot.Path}.lora_B.weight", [slot.Out, settings.Rank]),
        new($"{slot.Path}.gate", [settings.Rank])
        {
            Initial = (shape, seed, name) => InitialValues.Normal(shape, 1, seed, name), Decays = false,
        },
    ];

    protected override Branch BranchOf(BranchSlot slot, AdapterSite user, FlatParameters values) => new Sora(
        values[$"{slot.Path}.lora_A.weight"], values[$"{slot.Path}.lora_B.weight"], values[$"{slot.Path}.gate"],
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
        foreach (var g in Gates(values)) g.copy_(g.sign() * g.abs().Minus(settings.Threshold).ClampMin(0)); // (r)
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
