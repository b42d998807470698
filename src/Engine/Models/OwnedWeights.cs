using static TorchSharp.torch;

namespace LoraDrop.Engine;

/// <summary>Hands weights on and owns them from then on, so that a model can free what it was built of.</summary>
internal sealed class OwnedWeights(IWeights source, Device device) : IWeights, IDisposable
{
    private readonly List<Tensor> _owned = [];

    public bool Contains(string name) => source.Contains(name);

    public long[] ShapeOf(string name) => source.ShapeOf(name);

    public Tensor Take(string name, params long[] shape) => Own(source.Take(name, shape));

    public Tensor Own(Tensor weight)
    {
        var placed = weight.to(device).DetachFromDisposeScope();
        if (!ReferenceEquals(placed, weight)) weight.Dispose();
        _owned.Add(placed);
        return placed;
    }

    public void Dispose() => _owned.ForEach(weight => weight.Dispose());
}
