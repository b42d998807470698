using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>Passes on weights and owns them, so that a model can free them.</summary>
/// <param name="source">Their source.</param>
/// <param name="device">Their device.</param>
/// <param name="kind">Format of the layers' matrices; null: as stored.</param>
internal sealed class OwnedWeights(IWeights source, Device device, WeightKind? kind = null) : IWeights, IDisposable
{
    private readonly List<Tensor> _owned = [];
    private readonly List<Parameter> _parameters = [];

    /// <summary>All weights in a floating-point type that were taken by name, in that order.</summary>
    public IReadOnlyList<Parameter> Parameters => _parameters;

    public bool Contains(string name) => source.Contains(name);

    public long[] ShapeOf(string name) => source.ShapeOf(name);

    public Tensor Take(string name, params long[] shape) => Own(source.Take(name, shape));

    public Parameter TakeParameter(string name, params long[] shape) => Own(name, source.Take(name, shape));

    /// <summary>Only one matrix at a time is in memory unquantised.</summary>
    public FrozenMatrix TakeMatrix(string name, long k, long d)
    {
        using var scope = NewDisposeScope();
        switch (kind)
        {
            case WeightKind.Bfloat16: return new FloatMatrix(Own(name, Converted(source.Take(name, k, d), ScalarType.BFloat16)));
            case WeightKind.Int8 or WeightKind.Nf4:
                using (var dense = source.Take(name, k, d))
                using (var placed = dense.to(device))
                    return kind == WeightKind.Int8 ? new Int8Matrix(placed, Kept) : new Nf4Matrix(placed, Kept);
            default: return new FloatMatrix(TakeParameter(name, k, d));
        }
    }

    /// <summary>Takes ownership of a tensor from another scope.</summary>
    private Tensor Kept(Tensor made)
    {
        _owned.Add(made.DetachFromDisposeScope());
        return made;
    }

    private static Tensor Converted(Tensor weight, ScalarType type)
    {
        if (weight.dtype == type) return weight;
        var converted = weight.to(type);
        weight.Dispose();
        return converted;
    }

    /// <summary>Takes ownership of a weight that is not stored as the model uses it.</summary>
    public Parameter Own(string name, Tensor weight)
    {
        var parameter = new Parameter(name, Own(weight));
        _parameters.Add(parameter);
        return parameter;
    }

    private Tensor Own(Tensor weight)
    {
        using var scope = NewDisposeScope();
        var placed = weight.to(device).DetachFromDisposeScope();
        if (!ReferenceEquals(placed, weight)) weight.Dispose();
        _owned.Add(placed);
        return placed;
    }

    public void Dispose() => _owned.ForEach(weight => weight.Dispose());
}
