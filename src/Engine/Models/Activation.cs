using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>The activations that config.json may name.</summary>
public static class Activation
{
    public static Tensor Of(string name, Tensor x) => name switch
    {
        "gelu" => nn.functional.gelu(x),
        "silu" => nn.functional.silu(x),
        "gelu_new" or "gelu_pytorch_tanh" => x.gelu(TorchSharp.Modules.GELU.Approximate.tanh),
        "relu" => nn.functional.relu(x),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "not an activation"),
    };
}
