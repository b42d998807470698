using static TorchSharp.torch;

namespace LoraDrop.Engine.Adapters;

/// <summary>One low-rank pair: ΔW = (α/r)·BA (Hu et al. 2021). Used by one layer or shared by several.</summary>
/// <param name="A">Down to rank: (r, d), float32.</param>
/// <param name="B">Up again: (k, r), float32.</param>
/// <param name="scale">α/r.</param>
/// <param name="dropout">Fraction of x dropped before A in training.</param>
/// <param name="masks">Source of the dropout masks.</param>
public sealed class Lora(Tensor A, Tensor B, double scale, double dropout, DropoutMasks masks)
{
    public Tensor A { get; } = A;

    public Tensor B { get; } = B;

    /// <summary>α/r.</summary>
    public double Scale => scale;

    /// <summary>A·drop(x), in the adapter's own precision.</summary>
    public Tensor Down(Tensor x) =>                                              // x: (…, d)
        nn.functional.linear(masks.Drop(x.to(A.dtype), dropout), A);             // (…, r)

    /// <summary>h + (α/r)·B·Ax, in the precision of h; added to h in place if that is the adapter's own.</summary>
    public Tensor Up(Tensor Ax, Tensor h)                                        // Ax: (N, r), h: (N, k), fresh
    {
        using var scope = NewDisposeScope();
        if (h.dtype != B.dtype) return h.Plus(nn.functional.linear(Ax, B).Times(scale)).to(h.dtype).MoveToOuterDisposeScope(); // (N, k)
        return h.addmm_(Ax, B.t(), 1, (float)scale).MoveToOuterDisposeScope();   // (N, k)
    }

    /// <summary>ΔW = (α/r)·BA, as a matrix.</summary>
    public Tensor DeltaW()
    {
        using var scope = NewDisposeScope();
        return B.mm(A).Times(scale).MoveToOuterDisposeScope();                   // (k, d)
    }
}
