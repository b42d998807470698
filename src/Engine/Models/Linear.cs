using static TorchSharp.torch;

namespace LoraDrop.Engine;

/// <summary>h = Wx + b, and where a LoRA sits on it, + (α/r)·BAx (equation 1). W stays as it is; only the LoRA learns.</summary>
/// <param name="path">The layer's name in the published checkpoint, <c>roberta.encoder.layer.0.attention.self.query</c>.</param>
/// <param name="weight">W, (k, d).</param>
/// <param name="bias">b, (k).</param>
public sealed class Linear(string path, Tensor weight, Tensor bias)
{
    public string Path => path;

    /// <summary>W (k, d); a trained head points it at the trained numbers.</summary>
    public Tensor Weight { get; set; } = weight;

    /// <summary>b (k).</summary>
    public Tensor Bias { get; set; } = bias;

    public long In => Weight.shape[1];

    public long Out => Weight.shape[0];

    /// <summary>The adapter on this layer; shared ones sit on several layers.</summary>
    public Lora? Lora { get; set; }

    /// <summary>Sees Ax (N, r), a row per token, of each forward pass: how the importance pass looks in.</summary>
    public Action<Tensor>? Observer { get; set; }

    public static Linear From(IWeights weights, string path, long d, long k) =>
        new(path, weights.Take($"{path}.weight", k, d), weights.Take($"{path}.bias", k));

    public Tensor Forward(Tensor x)                                              // x: (…, d)
    {
        using var scope = NewDisposeScope();
        if (Lora is null) return nn.functional.linear(x, Weight, Bias).MoveToOuterDisposeScope(); // (…, k)
        var rows = x.reshape(-1, In);                                            // (N, d)
        var h = nn.functional.linear(rows, Weight, Bias);                        // (N, k)
        var Ax = Lora.Down(rows);                                                // (N, r)
        Observer?.Invoke(Ax);
        return Lora.Up(Ax, h).view([.. x.shape[..^1], Out]).MoveToOuterDisposeScope(); // (…, k) = Wx + b + (α/r)·BAx
    }
}
