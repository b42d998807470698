using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>Layer normalisation over the last dimension.</summary>
public sealed class LayerNorm(Tensor weight, Tensor bias, double eps)
{
    private readonly long[] _width = [weight.shape[0]];

    public static LayerNorm From(IWeights weights, string path, long d, double eps) =>
        new(weights.Take($"{path}.weight", d), weights.Take($"{path}.bias", d), eps);

    public Tensor Forward(Tensor x) => nn.functional.layer_norm(x, _width, weight, bias, eps); // (…, d)
}
