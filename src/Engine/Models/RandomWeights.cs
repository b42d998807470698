using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>Untrained weights, N(0, 0.02²) with norms at 1 and biases at 0: for pre-training, and for timing sizes without their
/// weights.</summary>
/// <param name="seed">Seeds each tensor, together with its name.</param>
public sealed class RandomWeights(long seed) : IWeights
{
    public bool Contains(string name) => false;

    public long[] ShapeOf(string name) => throw new KeyNotFoundException(name);

    public Tensor Take(string name, params long[] shape)
    {
        using var scope = NewDisposeScope();
        var weight = name.EndsWith("norm.weight", StringComparison.OrdinalIgnoreCase) ? ones(shape)
            : name.EndsWith(".bias") ? zeros(shape)
            : InitialValues.Normal(shape, 0.02, seed, name);                     // of the shape
        return weight.MoveToOuterDisposeScope();
    }
}
