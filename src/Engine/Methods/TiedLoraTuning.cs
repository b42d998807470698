using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Methods;

/// <summary>Tied-LoRA's branch: ΔW = (α/r)·Λ_v B Λ_u A (Renduchintala et al. 2024, equation 2).</summary>
/// <param name="A">(r, d), tied over the layers.</param>
/// <param name="B">(k, r), tied over the layers.</param>
/// <param name="u">(r), of the layer.</param>
/// <param name="v">(k), of the layer.</param>
/// <param name="scale">α/r.</param>
/// <param name="dropout">Fraction of x dropped before A in training.</param>
/// <param name="masks">Source of the dropout masks.</param>
internal sealed class TiedLora(Tensor A, Tensor B, Tensor u, Tensor v, double scale, double dropout, DropoutMasks masks) : LowRankBranch
{
    public override Tensor Forward(Tensor x, Linear layer)                       // x: (N, d)
    {
        using var scope = NewDisposeScope();
        var h = layer.Product(x);                                                // (N, k)
        var down = nn.functional.linear(masks.Drop(x.to(A.dtype), dropout), A) * u; // (N, r) = Λ_u A x
        return h.Plus((nn.functional.linear(down, B) * v).Times(scale).to(h.dtype)).MoveToOuterDisposeScope(); // (N, k)
    }

    protected override (Tensor A, Tensor B, double Scale) Factors() => (A * u.unsqueeze(1), B * v.unsqueeze(1), scale);
}

/// <summary>Tied-LoRA: A for each input width, B for each module type, u for each layer and input width, v for each target layer. Module
/// types of one input width are as one fused matrix, as query and value are in the LoRA-drop paper's count.</summary>
internal sealed class TiedLoraTuning(Placement at, TiedLoraSettings settings) : FoldedTuning(at)
{
    protected override IEnumerable<TrainedTensor> Common =>
    [
        .. At.Sites.Select(site => site.Linear.In).Distinct()
            .Select(d => new TrainedTensor($"tied.A.{d}", [settings.Rank, d]) { Initial = InitialValues.KaimingUniform }),
        .. At.Sites.DistinctBy(site => site.Site.Type)
            .Select(site => new TrainedTensor($"tied.B.{site.Site.Type}", [site.Linear.Out, settings.Rank])),
        .. At.Sites.Select(Down).Distinct().Select(name => new TrainedTensor(name, [settings.Rank]) { Initial = Ones }),
    ];

    protected override IEnumerable<TrainedTensor> TensorsOf(BranchSlot slot) => [new($"{slot.Path}.v", [slot.Out]) { Initial = Ones }];

    protected override Branch BranchOf(BranchSlot slot, AdapterSite user, FlatParameters values) => new TiedLora(
        values[$"tied.A.{slot.In}"], values[$"tied.B.{user.Site.Type}"], values[Down(user)], values[$"{slot.Path}.v"],
        settings.Alpha / settings.Rank, settings.Dropout, At.Model.Masks);

    private static string Down(AdapterSite site) => $"tied.{site.Site.Layer}.u.{site.Linear.In}";

    private static Tensor Ones(long[] shape, long seed, string name) => ones(shape);
}
