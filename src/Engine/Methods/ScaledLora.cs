using static TorchSharp.torch;

namespace LoraDrop.Engine.Methods;

/// <summary>A pair whose ranks and outputs have scales of their own: ΔW = s·Λ_v B Λ_u A. VeRA, Tied-LoRA, and without v SoRA.</summary>
/// <param name="A">(r, d).</param>
/// <param name="B">(k, r).</param>
/// <param name="u">(r).</param>
/// <param name="v">(k), or null: ones.</param>
/// <param name="scale">s.</param>
/// <param name="dropout">Fraction of x dropped before A in training.</param>
/// <param name="masks">Source of the dropout masks.</param>
internal sealed class ScaledLora(Tensor A, Tensor B, Tensor u, Tensor? v, double scale, double dropout, DropoutMasks masks) : LowRankBranch
{
    public override Tensor Forward(Tensor x, Linear layer)                       // x: (N, d)
    {
        using var scope = NewDisposeScope();
        var h = layer.Product(x);                                                // (N, k)
        var down = nn.functional.linear(masks.Drop(x.to(A.dtype), dropout), A) * u; // (N, r) = Λ_u A x
        var y = nn.functional.linear(down, B);                                   // (N, k)
        if (v is not null) y *= v;                                               // (N, k) = Λ_v B Λ_u A x
        if (scale != 1) y = y.Times(scale);                                      // (N, k)
        return h.Plus(y.to(h.dtype)).MoveToOuterDisposeScope();                  // (N, k)
    }

    protected override (Tensor A, Tensor B, double Scale) Factors() =>
        (A * u.unsqueeze(1), v is null ? B : B * v.unsqueeze(1), scale);
}
