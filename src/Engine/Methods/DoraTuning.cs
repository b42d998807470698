using System.Text.Json.Nodes;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Methods;

/// <summary>DoRA's branch: W' = m·(W + s·BA)/n with n = ‖W + s·BA‖, the norm of each row, taken as a constant (Liu et al. 2024, section
/// 4.3).</summary>
/// <param name="A">(r, d).</param>
/// <param name="B">(k, r).</param>
/// <param name="m">The magnitudes (k).</param>
/// <param name="scale">s = α/r.</param>
/// <param name="dropout">Fraction of x dropped in training.</param>
/// <param name="masks">Source of the dropout masks.</param>
internal sealed class Dora(Tensor A, Tensor B, Tensor m, double scale, double dropout, DropoutMasks masks) : Branch
{
    public override Tensor Forward(Tensor x, Linear layer)                       // x: (N, d)
    {
        using var scope = NewDisposeScope();
        Tensor exact = x.to(A.dtype), dropped = masks.Drop(exact, dropout);      // (N, d)
        var h = layer.Product(x);                                                // (N, k) = Wx + b
        var c = m / Norm(layer);                                                 // (k) = m/n
        // with dropout, PEFT turns the frozen product of the dropped input
        var Wx = ReferenceEquals(dropped, exact) ? WithoutBias(h, layer) : WithoutBias(layer.Product(dropped.to(x.dtype)), layer); // (N, k)
        var BAx = nn.functional.linear(nn.functional.linear(dropped, A), B).Times(scale); // (N, k)
        return h.Plus((Wx * c.Minus(1)).Plus(BAx * c).to(h.dtype)).MoveToOuterDisposeScope(); // (N, k)
    }

    public override Tensor Merged(Tensor W)
    {
        using var scope = NewDisposeScope();
        var V = W.Plus(B.mm(A).Times(scale).to(W.device));                       // (k, d)
        return (V * (m.to(W.device) / RowNorms(V)).unsqueeze(1)).MoveToOuterDisposeScope(); // (k, d)
    }

    /// <summary>The norm of each row of a matrix (k, d).</summary>
    internal static Tensor RowNorms(Tensor V) => V.Squared().sum(1).sqrt();      // (k)

    private Tensor Norm(Linear layer)                                            // (k)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var W = layer.Matrix.Dense(ScalarType.Float32);                          // (k, d)
        return RowNorms(W.Plus(B.mm(A).Times(scale))).MoveToOuterDisposeScope(); // (k)
    }

    private static Tensor WithoutBias(Tensor h, Linear layer) => layer.Bias is { } bias ? h - bias : h; // (N, k)
}

/// <summary>DoRA. Layers that share a pair keep a magnitude each, as their weights differ.</summary>
internal sealed class DoraTuning(Placement at, DoraSettings settings) : BranchTuning(at)
{
    public override IReadOnlyDictionary<string, JsonNode?> PeftFields =>
        new Dictionary<string, JsonNode?>(LoraPeft.Fields(settings)) { ["use_dora"] = true };

    protected override IEnumerable<TrainedTensor> TensorsOf(BranchSlot slot) =>
    [
        LoraPair.A(slot, settings.Rank), LoraPair.B(slot, settings.Rank),
        .. slot.Users.Select(user => new TrainedTensor(Magnitude(user), [slot.Out]) { Initial = (_, _, _) => NormOf(user.Linear) }),
    ];

    protected override Branch BranchOf(BranchSlot slot, AdapterSite user, FlatParameters values) => new Dora(
        values[LoraPair.NameOfA(slot)], values[LoraPair.NameOfB(slot)], values[Magnitude(user)],
        settings.Alpha / settings.Rank, settings.Dropout, At.Model.Masks);

    /// <summary>A layer without a branch has its own magnitude, so that PEFT's DoRA changes nothing.</summary>
    public override IReadOnlyDictionary<string, Tensor> Expanded(FlatParameters values)
    {
        var tensors = base.Expanded(values).ToDictionary();
        foreach (var site in At.Sites.Where(site => site.Linear.Branch is null)) tensors[Magnitude(site)] = NormOf(site.Linear);
        return tensors;
    }

    private static string Magnitude(AdapterSite user) => $"{Placement.PeftPrefix}{user.Linear.Path}.lora_magnitude_vector";

    private static Tensor NormOf(Linear linear)                                  // (k)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return Dora.RowNorms(linear.Matrix.Dense(ScalarType.Float32)).MoveToOuterDisposeScope();
    }
}
