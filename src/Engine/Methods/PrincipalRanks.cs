using static TorchSharp.torch;

namespace LoraDrop.Engine.Methods;

/// <summary>A meter that also sums M = Σ uuᵀ over all rows, from which the directions of the output follow.</summary>
internal sealed class DirectionsMeter(Branch branch, Tensor A, Tensor B, double s) : LowRankMeter(branch, A, B, s)
{
    private readonly Tensor _M = zeros(A.shape[0], A.shape[0], dtype: ScalarType.Float64, device: A.device); // (r, r)

    protected override void See(Tensor u) => _M.Plus_(u.t().mm(u));              // (r, r)

    public override PrincipalRanks Directions() => PrincipalRanks.Of(G, _M);
}

/// <summary>The ranks of a LoRA by what they put out, independent of the basis in which A and B are written: BA = (BR⁻¹)(RA) for any R, so
/// columns of B and rows of A are no natural unit. The output s·Bu, u = Ax, has the energy Σ‖sBu‖² = tr(GM) with G = s²BᵀB and M = Σ uuᵀ.
/// With G^½MG^½ = VΛVᵀ, its principal directions have the energies Λ, which sum to it.</summary>
internal sealed class PrincipalRanks
{
    private readonly Tensor _V; // (r, r), float64, by falling energy
    private readonly Tensor _root, _inverse; // G^½, G^-½: (r, r), float64

    private PrincipalRanks(Tensor V, Tensor root, Tensor inverse, double[] energies) =>
        (_V, _root, _inverse, Energies) = (V, root, inverse, energies);

    /// <summary>Λ, the largest first.</summary>
    public IReadOnlyList<double> Energies { get; }

    /// <summary>From G and M, both (r, r) in float64. Its tensors belong to the caller's scope.</summary>
    public static PrincipalRanks Of(Tensor G, Tensor M)
    {
        using var scope = NewDisposeScope();
        var (values, Q) = linalg.eigh(G.cpu());                                  // (r), rising; (r, r)
        var roots = values.ClampMin(0).sqrt();                                   // (r)
        var present = roots.gt(roots.amax().Times(1e-12));           // (r): a direction that B does not have has no inverse
        var root = (Q * roots).mm(Q.t());                                        // (r, r) = G^½
        var inverse = (Q * where(present, roots.reciprocal(), zeros_like(roots))).mm(Q.t()); // (r, r) = G^-½
        var (energies, V) = linalg.eigh(root.mm(M.cpu()).mm(root));              // (r), rising; (r, r)
        double[] falling = [.. energies.ClampMin(0).data<double>().ToArray().Reverse()];
        return new(V.flip(1).MoveToOuterDisposeScope(), root.MoveToOuterDisposeScope(), inverse.MoveToOuterDisposeScope(), falling);
    }

    /// <summary>Writes A (r, d) and B (k, r) anew in the basis of the principal directions, the one with the most energy first, each
    /// with as much norm in A as in B. BA stays the same, and the first ranks alone are the best that so few can do on what was
    /// seen.</summary>
    public void Sort(Tensor A, Tensor B)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var down = _V.t().mm(_root).mm(A.cpu().to(ScalarType.Float64));          // (r, d) = VᵀG^½A
        var up = B.cpu().to(ScalarType.Float64).mm(_inverse).mm(_V);             // (k, r) = BG^-½V
        var (a, b) = (down.Squared().sum(1).sqrt(), up.Squared().sum([0]).sqrt()); // (r), (r)
        var balance = where((a * b).to(ScalarType.Bool), (b / a).sqrt(), ones_like(a)); // (r)
        A.copy_(down * balance.unsqueeze(1));                                    // (r, d)
        B.copy_(up / balance);                                                   // (k, r)
    }
}
