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

/// <summary>A bottleneck beside the attention or feed-forward that a layer ends: y = h + s·(U·relu(D·drop(x) + b) + c), with the input x of
/// that sublayer (He et al. 2022, table 1).</summary>
/// <param name="D">(m, k).</param>
/// <param name="b">(m).</param>
/// <param name="U">(k, m).</param>
/// <param name="c">(k).</param>
/// <param name="scale">s.</param>
/// <param name="dropout">Fraction of x dropped before D in training.</param>
/// <param name="masks">Source of the dropout masks.</param>
internal sealed class ParallelBottleneck(Tensor D, Tensor b, Tensor U, Tensor c, double scale, double dropout, DropoutMasks masks) : Branch
{
    public override bool Merges => false;

    public override Tensor Reads(Tensor x, Tensor? into) =>
        into ?? throw new InvalidOperationException("The layer ends neither an attention nor a feed-forward.");

    public override Tensor Forward(Tensor x, Tensor read, Linear layer)          // x: (N, d), read: (N, k)
    {
        using var scope = NewDisposeScope();
        var h = layer.Product(x);                                                // (N, k)
        return h.Plus(Added(read).to(h.dtype)).MoveToOuterDisposeScope();        // (N, k)
    }

    public override Tensor Forward(Tensor x, Linear layer) => throw new NotSupportedException("It reads more than the layer's input.");

    public override Tensor Merged(Tensor W) => throw new NotSupportedException("A bottleneck is no matrix.");

    internal override OutputMeter Meter() => new AddedMeter(this);

    private Tensor Added(Tensor read)                                            // (N, k)
    {
        using var scope = NewDisposeScope();
        var inner = nn.functional.linear(masks.Drop(read.to(D.dtype), dropout), D, b).relu(); // (N, m)
        return nn.functional.linear(inner, U, c).Times(scale).MoveToOuterDisposeScope(); // (N, k)
    }

    /// <summary>Measures it without the layer.</summary>
    private sealed class AddedMeter(ParallelBottleneck branch) : OutputMeter(branch)
    {
        public override Tensor Squares(Tensor x, Linear layer, Tensor real)      // (N)
        {
            using var scope = NewDisposeScope();
            return (branch.Added(x).to(ScalarType.Float64).Squared().sum(1) * real).MoveToOuterDisposeScope();
        }
    }
}

/// <summary>Adapters. Serial ones start next to the identity, parallel ones at it, as the authors' code does.</summary>
internal sealed class AdapterTuning(Placement at, AdapterSettings settings) : BranchTuning(at)
{
    /// <summary>The standard deviation of D and U at the start (Houlsby et al. 2019, section 3.1).</summary>
    private const double Small = 1e-2;

    protected override IEnumerable<TrainedTensor> TensorsOf(BranchSlot slot) =>
    [
        new($"{slot.Path}.adapter_down.weight", [settings.Bottleneck, slot.Out])
        {
            Initial = settings.IsParallel ? InitialValues.KaimingUniform : NearZero,
        },
        new($"{slot.Path}.adapter_down.bias", [settings.Bottleneck]),
        new($"{slot.Path}.adapter_up.weight", [slot.Out, settings.Bottleneck]) { Initial = settings.IsParallel ? null : NearZero },
        new($"{slot.Path}.adapter_up.bias", [slot.Out]),
    ];

    protected override Branch BranchOf(BranchSlot slot, AdapterSite user, FlatParameters values)
    {
        Tensor Of(string name) => values[$"{slot.Path}.adapter_{name}"];
        Tensor D = Of("down.weight"), b = Of("down.bias"), U = Of("up.weight"), c = Of("up.bias"); // (m, k), (m), (k, m), (k)
        return settings.IsParallel
            ? new ParallelBottleneck(D, b, U, c, settings.Scale ?? AdapterSettings.DefaultScale, settings.Dropout, At.Model.Masks)
            : new Bottleneck(D, b, U, c, settings.Dropout, At.Model.Masks);
    }

    private static Tensor NearZero(long[] shape, long seed, string name) => InitialValues.Normal(shape, Small, seed, name);
}
