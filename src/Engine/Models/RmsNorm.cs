using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>Root mean square normalisation over the last dimension (Zhang and Sennrich 2019): y = w∘x/√(mean(x²) + ε), in
/// float32.</summary>
/// <remarks>The weight is frozen. In bfloat16 the normalised x is rounded before multiplication by the weight, as in
/// transformers.</remarks>
public sealed class RmsNorm(Tensor weight, double eps)
{
    public static RmsNorm From(IWeights weights, string path, long d, double eps) => new(weights.Take($"{path}.weight", d), eps);

    public Tensor Forward(Tensor x)                                              // (…, d)
    {
        if (is_grad_enabled() && x.requires_grad) return NormFunction.apply(x, weight, eps);
        using var scope = NewDisposeScope();
        return Of(x, weight, eps).Y.MoveToOuterDisposeScope(); // nothing is kept without a backward pass
    }

    private static (Tensor Y, Tensor Inverse) Of(Tensor x, Tensor weight, double eps)
    {
        var exact = x.to(ScalarType.Float32);
        var inverse = exact.Squared().mean([-1], keepdim: true).Plus_(eps).rsqrt_(); // (…, 1) = 1/ρ
        return ((exact * inverse).to(x.dtype) * weight, inverse);                // (…, d)
    }

    /// <summary>With n = x/ρ, ρ = √(mean(x²) + ε): dx = (w∘dy − n·mean(n∘w∘dy))/ρ. Only x and 1/ρ are kept; with separate operations
    /// autograd would keep three times as much.</summary>
    private sealed class NormFunction : GradientFunction<NormFunction, Tensor>
    {
        protected override (Tensor Y, Tensor[] Kept, Tensor State) Forward(object[] vars)
        {
            var (x, weight) = ((Tensor)vars[0], (Tensor)vars[1]);                // (…, d), (d)
            var (y, inverse) = Of(x, weight, (double)vars[2]);                   // (…, d), (…, 1)
            return (y, [x, inverse], weight);
        }

        protected override Tensor?[] Backward(Tensor[] kept, Tensor weight, Tensor dy)
        {
            var (x, inverse) = (kept[0], kept[1]);
            var n = x.to(ScalarType.Float32) * inverse;                          // (…, d)
            var dn = (dy * weight).to(ScalarType.Float32);                       // (…, d) = w∘dy
            var dx = dn.sub(n.mul_((dn * n).mean([-1], keepdim: true))).mul_(inverse).to(x.dtype); // (…, d)
            return [dx, null, null];
        }
    }
}
