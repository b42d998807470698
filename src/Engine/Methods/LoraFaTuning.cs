using System.Text.Json.Nodes;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Methods;

/// <summary>LoRA-FA: LoRA whose A stays as the run's seed draws it. The gradient of B is the one whose step comes nearest to that of the
/// whole weight (PEFT's LoRA-FA optimiser).</summary>
internal sealed class LoraFaTuning(Placement at, LoraFaSettings settings) : BranchTuning(at)
{
    private const double Delta = 1e-8;

    private readonly double _s = settings.Alpha / settings.Rank;
    private readonly Dictionary<string, Tensor> _A = at.Slots.ToDictionary(LoraPair.NameOfA, slot => Drawn(slot, settings.Rank, at));
    private readonly Dictionary<string, Tensor> _projections = []; // made once A is what it will be

    public override IReadOnlyDictionary<string, JsonNode?> PeftFields => LoraPeft.Fields(settings);

    /// <summary>A of each branch.</summary>
    public override IReadOnlyDictionary<string, Tensor> Fixed => _A;

    public override AdamForm Adam => AdamForm.Transformers;

    /// <summary>g ← g·(AAᵀ + δI)⁺/s² for each B.</summary>
    public override void BeforeStep(FlatParameters values, OptimizerStep step)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach (var slot in At.Slots)
        {
            var g = values.GradientOf(LoraPair.NameOfB(slot));                   // (k, r)
            g.copy_(g.mm(ProjectionOf(slot)));
        }
    }

    public override void Begin(int steps) => ForgetProjections();

    /// <summary>Each layer's own A and B; zeros where it has none.</summary>
    public override IReadOnlyDictionary<string, Tensor> Expanded(FlatParameters values)
    {
        var tensors = base.Expanded(values).ToDictionary();
        foreach (var site in At.Sites)
        {
            tensors[LoraPair.NameOfA(Placement.Own(site))] =                     // (r, d)
                At.SlotOf(site) is { } used ? _A[LoraPair.NameOfA(used)] : zeros(settings.Rank, site.Linear.In);
        }
        return tensors;
    }

    public override void Remove()
    {
        base.Remove();
        ForgetProjections();
        foreach (var A in _A.Values) A.Dispose();
    }

    protected override IEnumerable<TrainedTensor> TensorsOf(BranchSlot slot) => [LoraPair.B(slot, settings.Rank)];

    protected override Branch BranchOf(BranchSlot slot, AdapterSite user, FlatParameters values) =>
        new Lora(_A[LoraPair.NameOfA(slot)], values[LoraPair.NameOfB(slot)], _s, settings.Dropout, At.Model.Masks);

    private Tensor ProjectionOf(BranchSlot slot)                                 // (r, r)
    {
        if (_projections.TryGetValue(slot.Path, out var known)) return known;
        using var scope = NewDisposeScope();
        var A = _A[LoraPair.NameOfA(slot)];                                      // (r, d)
        var gram = A.mm(A.t()).Plus(eye(settings.Rank, device: A.device).Times(Delta)); // (r, r)
        return _projections[slot.Path] = linalg.pinv(gram).Over(_s * _s).DetachFromDisposeScope();
    }

    private void ForgetProjections()
    {
        foreach (var projection in _projections.Values) projection.Dispose();
        _projections.Clear();
    }

    private static Tensor Drawn(BranchSlot slot, int rank, Placement at)         // (r, d)
    {
        using var scope = NewDisposeScope();
        return InitialValues.KaimingUniform([rank, slot.In], at.Seed, LoraPair.NameOfA(slot)).to(at.Model.Device).DetachFromDisposeScope();
    }
}
