using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>The frozen weights of a model as it computes with them, on their device and in their storage format, kept so that further
/// models are built on them without reading them again.</summary>
/// <remarks>Only tensors are shared, which nobody changes: what learns is a copy. Everything that holds a state (what is trained on a
/// layer, its observer, dropout, a drawn head) belongs to a model, and ends with it.</remarks>
public sealed class SharedWeights : IDisposable
{
    private readonly Dictionary<string, Tensor> _tensors = [];
    private readonly Dictionary<string, FrozenMatrix> _quantised = [];
    private readonly List<Tensor> _ofQuantised = [];

    /// <summary>A weight by name and shape; read if it has not been before.</summary>
    /// <param name="name">Its name in the checkpoint.</param>
    /// <param name="shape">Its shape; another one than is kept is for the reader to refuse.</param>
    /// <param name="read">Reads it, as the model uses it. The result becomes this object's.</param>
    internal Tensor Tensor(string name, long[] shape, Func<Tensor> read)
    {
        if (_tensors.TryGetValue(name, out var kept) && kept.shape.SequenceEqual(shape)) return kept;
        var made = read();
        if (!_tensors.TryAdd(name, made)) throw new ArgumentException($"{name} has another shape than before", nameof(shape));
        return made;
    }

    /// <summary>A quantised weight by name; read if it has not been before.</summary>
    /// <param name="name">Its name in the checkpoint.</param>
    /// <param name="read">Reads it, and gives its tensors to what it is given.</param>
    internal FrozenMatrix Quantised(string name, Func<Func<Tensor, Tensor>, FrozenMatrix> read)
    {
        if (!_quantised.TryGetValue(name, out var matrix))
            _quantised[name] = matrix = read(made =>
            {
                _ofQuantised.Add(made.DetachFromDisposeScope());
                return made;
            });
        return matrix;
    }

    public void Dispose()
    {
        foreach (var tensor in _tensors.Values.Concat(_ofQuantised)) tensor.Dispose();
        _tensors.Clear();
        _quantised.Clear();
        _ofQuantised.Clear();
    }
}
