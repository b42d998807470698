using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>h = Wx + b, plus (α/r)·BAx with a LoRA (equation 1). W and b are frozen unless they are made to learn.</summary>
/// <param name="path">The layer's name in the published checkpoint, <c>roberta.encoder.layer.0.attention.self.query</c>.</param>
/// <param name="matrix">W, (k, d).</param>
/// <param name="bias">b, (k), or null.</param>
public sealed class Linear(string path, FrozenMatrix matrix, Parameter? bias)
{
    public string Path => path;

    /// <summary>W (k, d), in its storage format.</summary>
    public FrozenMatrix Matrix => matrix;

    /// <summary>W (k, d), by name; null if it is quantised.</summary>
    public Parameter? WeightParameter => (matrix as FloatMatrix)?.Parameter;

    /// <summary>b (k), by name, or null.</summary>
    public Parameter? BiasParameter => bias;

    /// <summary>W (k, d) of a layer that is not quantised; the learning numbers, if it learns.</summary>
    public Tensor Weight => ((FloatMatrix)matrix).Weight;

    /// <summary>b (k), or null; the learning numbers, if it learns.</summary>
    public Tensor? Bias => bias?.Value;

    public long In => Matrix.In;

    public long Out => Matrix.Out;

    /// <summary>The branch on this layer; a shared one is on several layers.</summary>
    public Branch? Branch { get; set; }

    /// <summary>Receives what its branch reads, or the layer's input if it has none, a row per token, of each forward pass: for measuring
    /// importance.</summary>
    public Action<Tensor>? Observer { get; set; }

    /// <summary>Creates a layer of the frozen model, in the format of its weights.</summary>
    public static Linear From(IWeights weights, string path, long d, long k, bool bias = true) =>
        new(path, weights.TakeMatrix($"{path}.weight", k, d), bias ? weights.TakeParameter($"{path}.bias", k) : null);

    /// <summary>Creates a layer of a head, in its stored format.</summary>
    public static Linear OfHead(IWeights weights, string path, long d, long k, bool bias = true) =>
        new(path, new FloatMatrix(weights.TakeParameter($"{path}.weight", k, d)), bias ? weights.TakeParameter($"{path}.bias", k) : null);

    /// <param name="x">(…, d).</param>
    /// <param name="into">The input of the attention or feed-forward that the layer ends (…, k), for branches beside that; null: it ends
    /// none.</param>
    public Tensor Forward(Tensor x, Tensor? into = null)
    {
        using var scope = NewDisposeScope();
        if (Branch is null)
        {
            Observer?.Invoke(x.reshape(-1, In));
            return Product(x).MoveToOuterDisposeScope();                         // (…, k)
        }
        var rows = x.reshape(-1, In);                                            // (N, d)
        var read = Branch.Reads(rows, into?.reshape(-1, Out));                   // (N, d) or (N, k)
        Observer?.Invoke(read);
        return Branch.Forward(rows, read, this).view([.. x.shape[..^1], Out]).MoveToOuterDisposeScope(); // (…, k)
    }

    /// <summary>Wx + b, as a new tensor.</summary>
    public Tensor Product(Tensor x)                                             // x: (…, d)
    {
        if ((matrix as FloatMatrix)?.TypedFor(x) is { } W) return nn.functional.linear(x, W, bias?.In(x.dtype)); // (…, k)
        using var scope = NewDisposeScope();
        var y = Matrix.Product(x.reshape(-1, In)).view([.. x.shape[..^1], Out]); // (…, k)
        return (bias is null ? y : y.Plus(bias.In(y.dtype))).MoveToOuterDisposeScope(); // (…, k)
    }
}
