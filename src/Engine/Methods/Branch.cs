using static TorchSharp.torch;

namespace LoraDrop.Engine.Methods;

/// <summary>What sits on a linear layer beside its frozen weight. One branch may be on several layers, which then share it.</summary>
public abstract class Branch
{
    /// <summary>The layer's output with the branch.</summary>
    /// <param name="x">(N, d).</param>
    /// <param name="layer">The layer: its frozen product Wx + b, and W.</param>
    public abstract Tensor Forward(Tensor x, Linear layer);                      // (N, d) → (N, k)

    /// <summary>The same for a branch that reads something else than the layer's input.</summary>
    /// <param name="x">(N, d).</param>
    /// <param name="read">What <see cref="Reads"/> gives.</param>
    /// <param name="layer">The layer.</param>
    public virtual Tensor Forward(Tensor x, Tensor read, Linear layer) => Forward(x, layer); // (N, k)

    /// <summary>What the branch reads.</summary>
    /// <param name="x">The layer's input (N, d).</param>
    /// <param name="into">The input of the attention or feed-forward that the layer ends (N, k); null if it ends none.</param>
    public virtual Tensor Reads(Tensor x, Tensor? into) => x;

    /// <summary>Whether a weight can compute the same without the branch.</summary>
    public virtual bool Merges => true;

    /// <summary>The weight that computes the same without the branch.</summary>
    /// <param name="W">The frozen weight (k, d), in float32.</param>
    public abstract Tensor Merged(Tensor W);                                     // (k, d)

    /// <summary>The bias that computes the same without the branch.</summary>
    /// <param name="b">The frozen bias (k), in float32.</param>
    public virtual Tensor MergedBias(Tensor b) => b.alias();                     // (k)

    /// <summary>Measures what the branch adds to the layer's output.</summary>
    internal virtual OutputMeter Meter() => new(this);
}

/// <summary>Measures ‖y‖², where y is what a branch adds to a layer's output. Its tensors belong to the scope in which it is
/// made.</summary>
internal class OutputMeter(Branch branch)
{
    /// <summary>‖y‖² (N) of each row in float64.</summary>
    /// <param name="x">What the branch reads (N, d).</param>
    /// <param name="layer">The layer.</param>
    /// <param name="real">1 for rows that are no padding, else 0: (N), float64.</param>
    public virtual Tensor Squares(Tensor x, Linear layer, Tensor real)
    {
        using var scope = NewDisposeScope();
        var y = branch.Forward(x, layer).to(ScalarType.Float64) - layer.Product(x).to(ScalarType.Float64); // (N, k)
        return (y.Squared().sum(1) * real).MoveToOuterDisposeScope();            // (N)
    }

    /// <summary>The directions of y over all rows so far; null if the branch has no rank of its own.</summary>
    public virtual PrincipalRanks? Directions() => null;
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

    internal override OutputMeter Meter() => Meter(Factors());

    /// <summary>The meter of s·BAx.</summary>
    private protected virtual OutputMeter Meter((Tensor A, Tensor B, double Scale) of) => new LowRankMeter(this, of.A, of.B, of.Scale);
}

/// <summary>‖s·BAx‖² = uᵀGu with u = Ax and G = s²BᵀB: the r × r Gram matrix of B suffices, and the product of width k is never
/// computed.</summary>
internal class LowRankMeter : OutputMeter
{
    public LowRankMeter(Branch branch, Tensor A, Tensor B, double s) : base(branch)
    {
        using var scope = NewDisposeScope();
        var exact = B.to(ScalarType.Float64);                                    // (k, r)
        G = exact.t().mm(exact).Times(s * s).MoveToOuterDisposeScope();          // (r, r)
        this.A = A.alias().MoveToOuterDisposeScope();                            // (r, d)
    }

    protected Tensor A { get; }

    protected Tensor G { get; }

    public sealed override Tensor Squares(Tensor x, Linear layer, Tensor real)
    {
        using var scope = NewDisposeScope();
        var u = nn.functional.linear(x.to(A.dtype), A).to(ScalarType.Float64) * real.unsqueeze(1); // (N, r), 0 at padding
        See(u);
        return (u.mm(G) * u).sum(1).MoveToOuterDisposeScope();                   // (N)
    }

    /// <summary>Called with every u (N, r) in float64, which is 0 at padding.</summary>
    protected virtual void See(Tensor u) { }
}
