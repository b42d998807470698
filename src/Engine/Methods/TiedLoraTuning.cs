using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Methods;

/// <summary>Tied-LoRA: ΔW = (α/r)·Λ_v B Λ_u A (Renduchintala et al. 2024, equation 2), A for each input width, B for each module type,
/// u for each layer and input width, v for each target layer. Module types of one input width are as one fused matrix, as query and
/// value are in the LoRA-drop paper's count.</summary>
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

    protected override Branch BranchOf(BranchSlot slot, AdapterSite user, FlatParameters values) => new ScaledLora(
        values[$"tied.A.{slot.In}"], values[$"tied.B.{user.Site.Type}"], values[Down(user)], values[$"{slot.Path}.v"],
        settings.Alpha / settings.Rank, settings.Dropout, At.Model.Masks);

    private static string Down(AdapterSite site) => $"tied.{site.Site.Layer}.u.{site.Linear.In}";

    private static Tensor Ones(long[] shape, long seed, string name) => ones(shape);
}
