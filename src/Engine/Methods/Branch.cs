using static TorchSharp.torch;

namespace LoraDrop.Engine.Methods;

/// <summary>What sits on a linear layer beside its frozen weight. One branch may be on several layers, which then share it.</summary>
public abstract class Branch
{
    /// <summary>The layer's output with the branch.</summary>
    /// <param name="x">(N, d).</param>
    /// <param name="layer">The layer: its frozen product Wx + b, and W.</param>
    public abstract Tensor Forward(Tensor x, Linear layer);                      // (N, d) → (N, k)

    /// <summary>Whether a weight can compute the same without the branch.</summary>
    public virtual bool Merges => true;

    /// <summary>The weight that computes the same without the branch.</summary>
    /// <param name="W">The frozen weight (k, d), in float32.</param>
    public abstract Tensor Merged(Tensor W);                                     // (k, d)

    /// <summary>A function of a layer and its input (N, d) for ‖y‖² (N) of each row in float64, where y is what the branch adds to the
    /// layer's output.</summary>
    public virtual Func<Tensor, Linear, Tensor> Meter() => (x, layer) =>
    {
        using var scope = NewDisposeScope();
        var y = Forward(x, layer).to(ScalarType.Float64) - layer.Product(x).to(ScalarType.Float64); // (N, k)
        return y.Squared().sum(1).MoveToOuterDisposeScope();                     // (N)
    };
}

/// <summary>A branch of low rank: ΔW = s·BA.</summary>
public abstract class LowRankBranch : Branch
{
    /// <summary>A (r, d), B (k, r) and s, with everything that the method applies to them.</summary>
    protected abstract (Tensor A, Tensor B, double Scale) Factors();

    /// <summary>A (r, d) and B (k, r) with ΔW = BA, without ranks that are 0.</summary>
    public (Tensor A, Tensor B) Folded()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var (A, B, s) = Factors();                                               // (r, d), (k, r)
        var alive = A.abs().amax([1]).nonzero().flatten();            // (ranks that are not 0)
        return (A.index_select(0, alive).cpu().MoveToOuterDisposeScope(),
            B.index_select(1, alive).Times(s).cpu().MoveToOuterDisposeScope());
    }

    public override Tensor Merged(Tensor W)
    {
        using var scope = NewDisposeScope();
        return W.Plus(DeltaW().to(W.device)).MoveToOuterDisposeScope();          // (k, d)
    }

    /// <summary>ΔW = s·BA, as a matrix.</summary>
    public Tensor DeltaW()
    {
        using var scope = NewDisposeScope();
        var (A, B, s) = Factors();                                               // (r, d), (k, r)
        return B.mm(A).Times(s).MoveToOuterDisposeScope();                       // (k, d)
    }

    /// <summary>‖s·BAx‖² = uᵀ·(s²·BᵀB)·u with u = Ax: the r × r Gram matrix of B suffices, and the product of width k is never
    /// computed.</summary>
    public override Func<Tensor, Linear, Tensor> Meter()
    {
        using var scope = NewDisposeScope();
        var (A, B, s) = Factors();                                               // (r, d), (k, r)
        var exact = B.to(ScalarType.Float64);                                    // (k, r)
        var gram = exact.t().mm(exact).Times(s * s).MoveToOuterDisposeScope();   // (r, r)
        var down = A.alias().MoveToOuterDisposeScope();                          // (r, d)
        return (x, _) =>
        {
            using var inner = NewDisposeScope();
            var u = nn.functional.linear(x.to(down.dtype), down).to(ScalarType.Float64); // (N, r)
            return (u.mm(gram) * u).sum(1).MoveToOuterDisposeScope();            // (N)
        };
    }
}
