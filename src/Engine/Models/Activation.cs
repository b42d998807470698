using static TorchSharp.torch;

namespace LoraDrop.Engine;

/// <summary>The activations that config.json may name.</summary>
public static class Activation
{
    public static Tensor Of(string name, Tensor x) => name switch
    {
        "gelu" => nn.functional.gelu(x),
        "gelu_new" => x.gelu(TorchSharp.Modules.GELU.Approximate.tanh),
        "relu" => nn.functional.relu(x),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "not an activation"),
    };
}
