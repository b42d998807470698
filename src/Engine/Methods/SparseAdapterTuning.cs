using System.Text.Json.Nodes;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Methods;

/// <summary>SparseAdapter's branch: ΔW = s·(M_B ∘ B)(M_A ∘ A) (He et al. 2022). What is not kept has no gradient.</summary>
/// <param name="A">(r, d).</param>
/// <param name="B">(k, r).</param>
/// <param name="M">Ones and zeros, of the shapes of A and B.</param>
/// <param name="scale">s = α/r.</param>
/// <param name="dropout">Fraction of x dropped before A in training.</param>
/// <param name="masks">Source of the dropout masks.</param>
internal sealed class SparseLora(Tensor A, Tensor B, (Tensor A, Tensor B) M, double scale, double dropout, DropoutMasks masks)
    : LowRankBranch
{
    public override Tensor Forward(Tensor x, Linear layer)                       // x: (N, d)
    {
        using var scope = NewDisposeScope();
        // the arithmetic of LoRA, as which it is exported
        return new Lora(A * M.A, B * M.B, scale, dropout, masks).Forward(x, layer).MoveToOuterDisposeScope(); // (N, k)
    }

    protected override (Tensor A, Tensor B, double Scale) Factors() => (A * M.A, B * M.B, scale);
}

/// <summary>SparseAdapter: after a warm-up, the entries of all A and B with the highest scores are kept, and the others are 0 from then
/// on.</summary>
internal sealed class SparseAdapterTuning : BranchTuning
{
    private readonly SparseAdapterSettings _settings;
    private readonly long _n;
    private readonly Tensor _scores; // (n), summed over the steps of the warm-up
    private readonly Tensor _mask;   // (n)
    private readonly Dictionary<string, Tensor> _masks = [];
    private int _warmup;

    public SparseAdapterTuning(Placement at, SparseAdapterSettings settings) : base(at)
    {
        _settings = settings;
        using var scope = NewDisposeScope();
        var tensors = Trained.Select(tensor => (tensor.Name, tensor.Shape, Size: tensor.Shape.Numbers())).ToArray();
        _n = tensors.Sum(tensor => tensor.Size);
        _scores = zeros(_n, device: at.Model.Device).DetachFromDisposeScope();
        _mask = ones(_n, device: at.Model.Device).DetachFromDisposeScope();
        long from = 0;
        foreach (var (name, shape, size) in tensors)
        {
            _masks.Add(name, _mask.narrow(0, from, size).view(shape).DetachFromDisposeScope()); // of the shape
            from += size;
        }
    }

    public override IReadOnlyDictionary<string, JsonNode?> PeftFields => LoraPeft.Fields(_settings);

    public override void Begin(int steps)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        _warmup = _settings.WarmupOf(steps);
        _scores.zero_();
        _mask.Fill_(1);
    }

    /// <summary>Not before the mask is chosen.</summary>
    public override bool IsSettledAfter(int step) => step >= _warmup;

    public override IReadOnlyDictionary<string, Tensor> State => new Dictionary<string, Tensor> { ["scores"] = _scores, ["mask"] = _mask };

    /// <summary>In the warm-up, adds up |w ∘ ∇w|.</summary>
    public override void BeforeStep(FlatParameters values, OptimizerStep step)
    {
        if (step.Number > _warmup || _settings.Criterion != SparseCriterion.Snip) return;
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        _scores.Plus_((values.Values.narrow(0, 0, _n) * values.Gradients.narrow(0, 0, _n)).abs()); // (n)
    }

    /// <summary>Chooses the mask at the end of the warm-up, and keeps at 0 what it takes away: the optimiser's mean still moves
    /// it.</summary>
    public override void AfterStep(FlatParameters values, OptimizerStep step)
    {
        if (step.Number < _warmup) return;
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var w = values.Values.narrow(0, 0, _n);                                  // (n)
        if (step.Number == _warmup)
        {
            var kept = Scores(w).topk((int)_settings.Kept(_n)).indexes;         // (entries kept)
            _mask.zero_().index_copy_(0, kept, ones(kept.shape[0], device: kept.device));
        }
        w.mul_(_mask);
    }

    public override void Remove()
    {
        base.Remove();
        foreach (var tensor in _masks.Values.Append(_mask).Append(_scores)) tensor.Dispose();
    }

    protected override IEnumerable<TrainedTensor> TensorsOf(BranchSlot slot) =>
    [
        LoraPair.A(slot, _settings.Rank), LoraPair.B(slot, _settings.Rank),
    ];

    protected override Branch BranchOf(BranchSlot slot, AdapterSite user, FlatParameters values)
    {
        var (A, B) = (LoraPair.NameOfA(slot), LoraPair.NameOfB(slot));
        return new SparseLora(values[A], values[B], (_masks[A], _masks[B]), _settings.Alpha / _settings.Rank, _settings.Dropout,
            At.Model.Masks);
    }

    private Tensor Scores(Tensor w) => _settings.Criterion switch                // (n)
    {
        SparseCriterion.Snip => _scores.alias(),
        SparseCriterion.Magnitude => w.abs(),
        _ => InitialValues.Normal([_n], 1, At.Seed, "sparse-adapter").to(w.device),
    };
}
