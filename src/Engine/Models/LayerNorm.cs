using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>Layer normalisation over the last dimension.</summary>
public sealed class LayerNorm(Parameter weight, Parameter bias, double eps)
{
    private readonly long[] _width = [weight.Frozen.shape[0]];

    public static LayerNorm From(IWeights weights, string path, long d, double eps) =>
        new(weights.TakeParameter($"{path}.weight", d), weights.TakeParameter($"{path}.bias", d), eps);

    public Tensor Forward(Tensor x) => nn.functional.layer_norm(x, _width, weight.In(x.dtype), bias.In(x.dtype), eps); // (…, d)
}
