using System.Text.Json.Nodes;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Methods;

/// <summary>AdaLoRA's branch: ΔW = s·B·diag(E)·A (Zhang et al. 2023, equation 3, where B is P, E is Λ and A is Q).</summary>
/// <param name="A">(r, d).</param>
/// <param name="B">(k, r).</param>
/// <param name="E">The singular values (r, 1); 0 where a rank has been taken away.</param>
/// <param name="scale">s = α/(r + 1e-5).</param>
/// <param name="dropout">Fraction of x dropped before A in training.</param>
/// <param name="masks">Source of the dropout masks.</param>
internal sealed class AdaLora(Tensor A, Tensor B, Tensor E, double scale, double dropout, DropoutMasks masks) : LowRankBranch
{
    public override Tensor Forward(Tensor x, Linear layer)                       // x: (N, d)
    {
        using var scope = NewDisposeScope();
        var h = layer.Product(x);                                                // (N, k)
        var u = nn.functional.linear(masks.Drop(x.to(A.dtype), dropout), A * E); // (N, r) = E ∘ A x
        return h.Plus(nn.functional.linear(u, B).Times(scale).to(h.dtype)).MoveToOuterDisposeScope(); // (N, k)
    }

    protected override (Tensor A, Tensor B, double Scale) Factors() => (A * E, B, scale);
}

/// <summary>AdaLoRA: the loss has γ times how far A and B are from orthogonal, and a falling budget of ranks takes away, of all branches
/// together, those with the lowest scores.</summary>
/// <remarks>Of equal scores the later ones are taken away, so that exactly the budget is left; PEFT takes away all that are equal to the
/// lowest allowed.</remarks>
internal sealed class AdaLoraTuning(Placement at, AdaLoraSettings settings) : BranchTuning(at)
{
    /// <summary>Where a stage is with its ranks.</summary>
    /// <param name="Budget">b.</param>
    /// <param name="Gradient">∇w of the step (n).</param>
    /// <param name="Sensitivity">Ī (n).</param>
    /// <param name="Uncertainty">Ū (n).</param>
    /// <param name="Left">1 for each rank that is left, else 0 (branches, r, 1).</param>
    private sealed record Allocation(RankBudget Budget, Tensor Gradient, Tensor Sensitivity, Tensor Uncertainty, Tensor Left);

    private readonly int _r = settings.Rank;
    private Allocation? _allocation;

    private long Count => At.Slots.Sum(slot => _r * (slot.In + slot.Out + 1));   // n

    /// <summary>The fields as PEFT 0.13 writes them. The ranks that were taken away are zeros in the tensors and have no pattern here:
    /// PEFT computes the same, and need not find the layers of a pattern.</summary>
    public override IReadOnlyDictionary<string, JsonNode?> PeftFields
    {
        get
        {
            var budget = _allocation?.Budget ?? settings.BudgetOf((settings.Tinit ?? 0) + (settings.Tfinal ?? 0) + 2, At.Slots.Count);
            return new Dictionary<string, JsonNode?>(LoraPeft.Fields(settings))
            {
                ["peft_type"] = "ADALORA",
                ["r"] = 8,                                                       // PEFT does not use it
                ["rank_pattern"] = null,
                ["init_r"] = _r,
                ["target_r"] = settings.TargetRank,
                ["tinit"] = budget.Tinit,
                ["tfinal"] = budget.Tfinal,
                ["total_step"] = budget.Steps,
                ["deltaT"] = settings.DeltaT,
                ["beta1"] = settings.Beta1,
                ["beta2"] = settings.Beta2,
                ["orth_reg_weight"] = settings.Orthogonality,
            };
        }
    }

    /// <summary>The settings of an AdaLoRA in PEFT's configuration. Its pattern of ranks is not needed
    /// (<see cref="FromPeft"/>).</summary>
    public static AdaLoraSettings Read(PeftConfig config)
    {
        config.RefuseSet("alpha_pattern", "layers_to_transform", "layers_pattern", "fan_in_fan_out", "use_dora", "use_rslora");
        config.RefuseBiases();
        var rank = config.Rank("init_r");
        return new() { Rank = rank, TargetRank = Math.Min(rank, config.Rank("target_r")), Alpha = config.Positive("lora_alpha") };
    }

    /// <summary>Ranks that PEFT has cut out of the tensors, as zeros at the end.</summary>
    public override IReadOnlyDictionary<string, Tensor> FromPeft(IReadOnlyDictionary<string, Tensor> tensors)
    {
        var whole = tensors.ToDictionary();
        foreach (var names in At.Slots.Select(NamesOf))
        {
            if (!(tensors.GetValueOrDefault(names.A) is { } A && tensors.GetValueOrDefault(names.B) is { } B
                && tensors.GetValueOrDefault(names.E) is { } E)) continue;
            if (A.dim() != 2 || B.dim() != 2 || E.dim() != 2 || A.shape[0] != E.shape[0] || B.shape[1] != E.shape[0]) continue;
            (whole[names.A], whole[names.B], whole[names.E]) = (Padded(A, 0), Padded(B, 1), Padded(E, 0)); // (r, d), (k, r), (r, 1)
        }
        return whole;
    }

    protected override IEnumerable<TrainedTensor> TensorsOf(BranchSlot slot) =>
    [
        new(NamesOf(slot).A, [_r, slot.In]) { Initial = Small },
        new(NamesOf(slot).B, [slot.Out, _r]) { Initial = Small },
        new(NamesOf(slot).E, [_r, 1]),
    ];

    protected override Branch BranchOf(BranchSlot slot, AdapterSite user, FlatParameters values) => new AdaLora(values[NamesOf(slot).A],
        values[NamesOf(slot).B], values[NamesOf(slot).E], settings.Alpha / (_r + 1e-5), settings.Dropout, At.Model.Masks);

    public override void Begin(int steps)
    {
        Free();
        var budget = settings.BudgetOf(steps, At.Slots.Count);
        using var scope = NewDisposeScope();
        Tensor Zeros() => zeros(Count, device: At.Model.Device).DetachFromDisposeScope(); // (n)
        var left = ones([At.Slots.Count, _r, 1], device: At.Model.Device);       // (branches, r, 1)
        _allocation = new(budget, Zeros(), Zeros(), Zeros(), left.DetachFromDisposeScope());
    }

    /// <summary>Not before the last ranks are taken away.</summary>
    public override bool IsSettledAfter(int step) => _allocation is not { Budget: var b } || step > b.Final || step >= b.Steps;

    public override IReadOnlyDictionary<string, Tensor> State => _allocation is { } now
        ? new Dictionary<string, Tensor> { ["sensitivity"] = now.Sensitivity, ["uncertainty"] = now.Uncertainty, ["left"] = now.Left }
        : base.State;

    /// <summary>γ·mean of ‖AAᵀ − I‖ and ‖BᵀB − I‖ over all A and B (equation 4, with PEFT's mean).</summary>
    public override Tensor? Penalty(FlatParameters values)
    {
        if (settings.Orthogonality == 0) return null;
        using var scope = NewDisposeScope();
        var I = eye(_r, device: At.Model.Device);                                // (r, r)
        Tensor[] apart = [.. At.Slots.SelectMany(slot => (Tensor[])[values[NamesOf(slot).A], values[NamesOf(slot).B].t()]) // (r, ·)
            .Select(Q => (Q.mm(Q.t()) - I).norm())];                             // ()
        return stack(apart).mean().Times(settings.Orthogonality).MoveToOuterDisposeScope(); // ()
    }

    /// <summary>Keeps the gradients, which the optimiser zeroes.</summary>
    public override void BeforeStep(FlatParameters values, OptimizerStep step)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        _allocation!.Gradient.copy_(values.Gradients.narrow(0, 0, Count));       // (n)
    }

    /// <summary>Scores the ranks by the new numbers and the step's gradients, as PEFT does, and takes away what is above the
    /// budget.</summary>
    public override void AfterStep(FlatParameters values, OptimizerStep step)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var (t, (budget, gradient, sensitivity, uncertainty, left)) = (step.Number - 1, _allocation!);
        if (t < budget.Final)
        {
            var I = (values.Values.narrow(0, 0, Count) * gradient).abs();        // (n) = |w ∘ ∇w|, equation 8
            sensitivity.Times_(settings.Beta1).Plus_(I, 1 - settings.Beta1);     // Ī = β₁Ī + (1−β₁)I
            uncertainty.Times_(settings.Beta2).Plus_((I - sensitivity).abs(), 1 - settings.Beta2); // Ū = β₂Ū + (1−β₂)|I−Ī|
        }
        if (budget.CutsAt(t)) left.copy_(Highest(Scores(sensitivity * uncertainty), budget.At(t)));
        else if (t < budget.Final) return;
        foreach (var (i, slot) in At.Slots.Index()) values[NamesOf(slot).E].mul_(left[i]); // (r, 1)
    }

    /// <summary>A singular value that is 0 takes its row of A, its column of B and itself away.</summary>
    public override long TakenAway(FlatParameters values)
    {
        if (_allocation is not { } now) return 0;
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return At.Slots.Index().Sum(slot =>
            (_r - now.Left[slot.Index].count_nonzero().item<long>()) * (slot.Item.In + slot.Item.Out + 1));
    }

    public override void Remove()
    {
        base.Remove();
        Free();
    }

    /// <summary>The score of each rank: that of its singular value, and the means of those of its row of A and its column of B (equation
    /// 7).</summary>
    /// <param name="s">The scores of the single numbers (n).</param>
    private Tensor Scores(Tensor s)                                              // (branches, r)
    {
        using var scope = NewDisposeScope();
        long from = 0;
        Tensor Next(long rows, long columns) => s.narrow(0, (from += rows * columns) - rows * columns, rows * columns).view(rows, columns);
        return stack([.. At.Slots.Select(slot =>
        {
            Tensor A = Next(_r, slot.In), B = Next(slot.Out, _r), E = Next(_r, 1); // (r, d), (k, r), (r, 1)
            return E.flatten().Plus(A.mean([1]).Plus(B.mean([0])));              // (r)
        })]).MoveToOuterDisposeScope();
    }

    /// <summary>1 for the highest scores, 0 for the others.</summary>
    private static Tensor Highest(Tensor scores, int count)                      // (branches, r, 1)
    {
        using var scope = NewDisposeScope();
        var left = new float[scores.numel()];
        foreach (var (rank, _) in scores.cpu().data<float>().ToArray().Index().OrderByDescending(score => score.Item).Take(count))
            left[rank] = 1;
        return tensor(left).view(scores.shape[0], scores.shape[1], 1).MoveToOuterDisposeScope();
    }

    private Tensor Padded(Tensor cut, int dimension)
    {
        using var scope = NewDisposeScope();
        if (cut.shape[dimension] >= _r) return cut;
        long[] missing = [.. cut.shape];
        missing[dimension] = _r - cut.shape[dimension];
        return cat([cut, zeros(missing)], dimension).MoveToOuterDisposeScope();  // r in the dimension
    }

    private void Free()
    {
        if (_allocation is not { } now) return;
        foreach (var tensor in (Tensor[])[now.Gradient, now.Sensitivity, now.Uncertainty, now.Left]) tensor.Dispose();
        _allocation = null;
    }

    private static (string A, string B, string E) NamesOf(BranchSlot slot) =>
        ($"{slot.Path}.lora_A", $"{slot.Path}.lora_B", $"{slot.Path}.lora_E");

    private static Tensor Small(long[] shape, long seed, string name) => InitialValues.Normal(shape, 0.02, seed, name);
}
