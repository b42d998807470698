using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>Weights that are all trained: views into one flat buffer, updated by <see cref="AdamW"/>. For pre-training; fine-tuning uses
/// <see cref="Adapter"/>.</summary>
public sealed class LearningWeights : IWeights, IDisposable
{
    /// <summary>Records the weights that a model takes while it is built.</summary>
    /// <param name="initial">Initial weights.</param>
    /// <param name="build">Builds the model once from the given weights.</param>
    /// <param name="device">The buffer's device.</param>
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

    /// <summary>The same tensor under a new handle, which the caller may free.</summary>
    public Tensor Take(string name, params long[] shape)
    {
        using var scope = NewDisposeScope();
        return Parameters[name].alias().MoveToOuterDisposeScope();
    }

    public void Dispose() => Parameters.Dispose();

    /// <summary>Records the requested weights.</summary>
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
