using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Methods;

/// <summary>A bottleneck behind a layer: y = h + U·gelu(D·drop(h) + b) + c (Houlsby et al. 2019, figure 2).</summary>
/// <param name="D">(m, k).</param>
/// <param name="b">(m).</param>
/// <param name="U">(k, m).</param>
/// <param name="c">(k).</param>
/// <param name="dropout">Fraction of h dropped before D in training.</param>
/// <param name="masks">Source of the dropout masks.</param>
internal sealed class Bottleneck(Tensor D, Tensor b, Tensor U, Tensor c, double dropout, DropoutMasks masks) : Branch
{
    public override bool Merges => false;

    public override Tensor Forward(Tensor x, Linear layer)                       // x: (N, d)
    {
        using var scope = NewDisposeScope();
        var h = layer.Product(x);                                                // (N, k)
        var inner = nn.functional.gelu(nn.functional.linear(masks.Drop(h.to(D.dtype), dropout), D, b)); // (N, m)
        return h.Plus(nn.functional.linear(inner, U, c).to(h.dtype)).MoveToOuterDisposeScope(); // (N, k)
    }

    public override Tensor Merged(Tensor W) => throw new NotSupportedException("A bottleneck is no matrix.");
}

/// <summary>Adapters, which start next to the identity.</summary>
internal sealed class AdapterTuning(Placement at, AdapterSettings settings) : BranchTuning(at)
{
    /// <summary>The standard deviation of D and U at the start (Houlsby et al. 2019, section 3.1).</summary>
    private const double Small = 1e-2;

    protected override IEnumerable<TrainedTensor> TensorsOf(BranchSlot slot) =>
    [
        new($"{slot.Path}.adapter_down.weight", [settings.Bottleneck, slot.Out]) { Initial = NearZero },
        new($"{slot.Path}.adapter_down.bias", [settings.Bottleneck]),
        new($"{slot.Path}.adapter_up.weight", [slot.Out, settings.Bottleneck]) { Initial = NearZero },
        new($"{slot.Path}.adapter_up.bias", [slot.Out]),
    ];

    protected override Branch BranchOf(BranchSlot slot, AdapterSite user, FlatParameters values) => new Bottleneck(
        values[$"{slot.Path}.adapter_down.weight"], values[$"{slot.Path}.adapter_down.bias"], values[$"{slot.Path}.adapter_up.weight"],
        values[$"{slot.Path}.adapter_up.bias"], settings.Dropout, At.Model.Masks);

    private static Tensor NearZero(long[] shape, long seed, string name) => InitialValues.Normal(shape, Small, seed, name);
}
