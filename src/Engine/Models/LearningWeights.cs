using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>Weights that all learn: views into one flat buffer, which <see cref="AdamW"/> works on. For pre-training; fine-tuning learns by
/// <see cref="Adapter"/>.</summary>
public sealed class LearningWeights : IWeights, IDisposable
{
    /// <summary>Takes over the weights that a model takes while it is built.</summary>
    /// <param name="initial">Where the weights start.</param>
    /// <param name="build">Builds the model once from the weights it is given.</param>
    /// <param name="device">Where the buffer lies.</param>
    public LearningWeights(IWeights initial, Func<IWeights, IDisposable> build, Device device)
    {
        var taken = new Recorder(initial);
        using var model = build(taken);
        Parameters = new([.. taken.Shapes.Select(t => (t.Key, t.Value))], device);
        foreach (var (name, shape) in taken.Shapes)
        {
            using var weight = initial.Take(name, shape);
            Parameters.Set(name, weight);
        }
    }

    /// <summary>The weights by their names, with their gradients.</summary>
    public FlatParameters Parameters { get; }

    public bool Contains(string name) => Parameters.Contains(name);

    public long[] ShapeOf(string name) => Parameters[name].shape;

    /// <summary>The same tensor under a handle of its own, which its taker may free.</summary>
    public Tensor Take(string name, params long[] shape)
    {
        using var scope = NewDisposeScope();
        return Parameters[name].alias().MoveToOuterDisposeScope();
    }

    public void Dispose() => Parameters.Dispose();

    /// <summary>Notes what is asked for.</summary>
    private sealed class Recorder(IWeights source) : IWeights
    {
        public Dictionary<string, long[]> Shapes { get; } = [];

        public bool Contains(string name) => source.Contains(name);

        public long[] ShapeOf(string name) => source.ShapeOf(name);

        public Tensor Take(string name, params long[] shape)
        {
            Shapes[name] = shape;
            return source.Take(name, shape);
        }
    }
}
