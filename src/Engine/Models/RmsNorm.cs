using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>Root mean square normalisation over the last dimension (Zhang and Sennrich 2019): y = w∘x/√(mean(x²) + ε), in
/// float32.</summary>
/// <remarks>In bfloat16 the normalised x is rounded before multiplication by the weight, as in transformers.</remarks>
public sealed class RmsNorm(Parameter weight, double eps)
{
    public static RmsNorm From(IWeights weights, string path, long d, double eps) =>
        new(weights.TakeParameter($"{path}.weight", d), eps);

    public Tensor Forward(Tensor x)                                              // (…, d)
    {
        if (is_grad_enabled() && (x.requires_grad || weight.Learns)) return NormFunction.apply(x, weight.Value, weight, eps);
        using var scope = NewDisposeScope();
        return Of(x, weight, eps).Y.MoveToOuterDisposeScope(); // nothing is kept without a backward pass
    }

    private static (Tensor Y, Tensor Inverse) Of(Tensor x, Parameter weight, double eps)
    {
        var exact = x.to(ScalarType.Float32);
        var inverse = exact.Squared().mean([-1], keepdim: true).Plus_(eps).rsqrt_(); // (…, 1) = 1/ρ
        return ((exact * inverse).to(x.dtype) * weight.In(x.dtype), inverse);   // (…, d)
    }

    /// <summary>With n = x/ρ, ρ = √(mean(x²) + ε): dx = (w∘dy − n·mean(n∘w∘dy))/ρ and, if w learns, dw = Σ n∘dy. Only x and 1/ρ are kept;
    /// with separate operations autograd would keep three times as much.</summary>
    private sealed class NormFunction : GradientFunction<NormFunction, Parameter>
    {
        protected override (Tensor Y, Tensor[] Kept, Parameter State) Forward(object[] vars)
        {
            var (x, weight) = ((Tensor)vars[0], (Parameter)vars[2]);             // (…, d), (d)
            var (y, inverse) = Of(x, weight, (double)vars[3]);                   // (…, d), (…, 1)
            return (y, [x, inverse], weight);
        }

        protected override Tensor?[] Backward(Tensor[] kept, Parameter weight, Tensor dy)
        {
            var (x, inverse) = (kept[0], kept[1]);
            var n = x.to(ScalarType.Float32) * inverse;                          // (…, d)
            var dw = weight.Learns ? (n.to(dy.dtype) * dy).flatten(0, -2).sum(0, type: ScalarType.Float32) : null; // (d)
            var dn = (dy * weight.In(dy.dtype)).to(ScalarType.Float32);          // (…, d) = w∘dy
            var dx = dn.sub(n.mul_((dn * n).mean([-1], keepdim: true))).mul_(inverse).to(x.dtype); // (…, d)
            return [dx, dw, null, null];
        }
    }
}
