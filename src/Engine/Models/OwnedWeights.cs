using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>Passes on weights and owns them, so that a model can free them.</summary>
/// <param name="source">Their source.</param>
/// <param name="device">Their device.</param>
/// <param name="kind">Format of the layers' matrices; null: as stored.</param>
/// <param name="shared">Keeps what is as stored for further models; null: it ends with this one.</param>
internal sealed class OwnedWeights(IWeights source, Device device, WeightKind? kind = null, SharedWeights? shared = null)
    : IWeights, IDisposable
{
    private readonly List<Tensor> _owned = [];
    private readonly List<Parameter> _parameters = [];

    /// <summary>All weights in a floating-point type that were taken by name, in that order.</summary>
    public IReadOnlyList<Parameter> Parameters => _parameters;

    public bool Contains(string name) => source.Contains(name);

    public long[] ShapeOf(string name) => source.ShapeOf(name);

    public Tensor Take(string name, params long[] shape) => Stored(name, shape, weight => weight);

    public Parameter TakeParameter(string name, params long[] shape) => Listed(name, Take(name, shape));

    /// <summary>Only one matrix at a time is in memory unquantised.</summary>
    public FrozenMatrix TakeMatrix(string name, long k, long d)
    {
        switch (kind)
        {
            case WeightKind.Bfloat16:
                return new FloatMatrix(Listed(name, Stored(name, [k, d], weight => Converted(weight, ScalarType.BFloat16))));
            case WeightKind.Int8 or WeightKind.Nf4:
                return shared?.Quantised(name, own => Quantised(name, k, d, own)) ?? Quantised(name, k, d, Kept);
            default: return new FloatMatrix(TakeParameter(name, k, d));
        }
    }

    private FrozenMatrix Quantised(string name, long k, long d, Func<Tensor, Tensor> own)
    {
        using var scope = NewDisposeScope();
        using var dense = source.Take(name, k, d);
        using var placed = dense.to(device);
        return kind == WeightKind.Int8 ? new Int8Matrix(placed, own) : new Nf4Matrix(placed, own);
    }

    /// <summary>A weight as the checkpoint has it, but for its type.</summary>
    private Tensor Stored(string name, long[] shape, Func<Tensor, Tensor> converted)
    {
        using var scope = NewDisposeScope();
        return shared is null ? Own(converted(source.Take(name, shape)))
            : shared.Tensor(name, shape, () => Placed(converted(source.Take(name, shape))));
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
    public Parameter Own(string name, Tensor weight) => Listed(name, Own(weight));

    private Parameter Listed(string name, Tensor weight)
    {
        var parameter = new Parameter(name, weight);
        _parameters.Add(parameter);
        return parameter;
    }

    private Tensor Own(Tensor weight)
    {
        var placed = Placed(weight);
        _owned.Add(placed);
        return placed;
    }

    /// <summary>The weight on the device, in no scope.</summary>
    private Tensor Placed(Tensor weight)
    {
        using var scope = NewDisposeScope();
        var placed = weight.to(device).DetachFromDisposeScope();
        if (!ReferenceEquals(placed, weight)) weight.Dispose();
        return placed;
    }

    public void Dispose() => _owned.ForEach(weight => weight.Dispose());
}
