using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Methods;

/// <summary>A gate that is 0, 1 or between: z = min(1, max(0, s̄)), s̄ = s·(r − l) + l, s = σ(log u − log(1 − u) + α) with u uniform in
/// (0, 1) (Louizos et al. 2018, equations 10 and 11, with temperature 1).</summary>
internal static class HardConcrete
{
    /// <summary>l and r.</summary>
    public const double Lower = -1.5, Upper = 1.5;

    /// <summary>The bounds within which u is drawn, so that its logarithms are finite.</summary>
    private const double Least = 1e-4;

    /// <summary>z for a drawn u, or for u = ½ where none is drawn. Differentiable by α.</summary>
    /// <param name="α">Of any shape.</param>
    /// <param name="seed">Of u; null: none is drawn.</param>
    public static Tensor Gate(Tensor α, long? seed)
    {
        using var scope = NewDisposeScope();
        var logit = seed is { } drawn ? α.Plus(Noise(α, drawn)) : α;             // shape of α
        return logit.sigmoid().Times(Upper - Lower).Plus(Lower).Clamp(0, 1).MoveToOuterDisposeScope(); // shape of α
    }

    /// <summary>Σ P(z ≠ 0) = Σ σ(α − log(−l/r)) (equation 12).</summary>
    public static Tensor Expected(Tensor α)
    {
        using var scope = NewDisposeScope();
        return α.Minus(Math.Log(-Lower / Upper)).sigmoid().sum().MoveToOuterDisposeScope(); // ()
    }

    private static Tensor Noise(Tensor like, long seed)                          // shape of like
    {
        using var scope = NewDisposeScope();
        using var random = new Generator((ulong)seed, like.device);
        var u = empty(like.shape, device: like.device).uniform_(Least, 1 - Least, random); // shape of like
        return (u.log() - u.neg().log1p()).MoveToOuterDisposeScope();
    }
}

/// <summary>Diff pruning: w = w₀ + z ∘ δ for every weight but the head's. Halfway through the steps the largest |z ∘ δ| are chosen; the
/// others are 0 from then on, and the chosen ones are trained without gates.</summary>
internal sealed class DiffPruningTuning : Tuning
{
    /// <summary>α at the start.</summary>
    private const double Start = 5;

    /// <summary>The learning rate of α, whatever that of δ.</summary>
    private const double GateRate = 0.1;

    private readonly DiffPruningSettings _settings;
    private readonly IReadOnlyList<Parameter> _weights;
    private readonly long _n;
    private readonly Tensor _mask; // (n): 1 for what may differ
    private readonly Tensor _step; // (): steps done of a stage; −1 where none is trained
    private int _chosenAfter;

    public DiffPruningTuning(Placement at, DiffPruningSettings settings) : base(at)
    {
        _settings = settings;
        _weights = [.. at.Model.Parameters.Except(at.Model.HeadParameters)];
        _n = _weights.Sum(weight => weight.Frozen.numel());
        using var scope = NewDisposeScope();
        _mask = ones(_n, device: at.Model.Device).DetachFromDisposeScope();
        _step = Scalars.Full([], -1, ScalarType.Float32, CPU).DetachFromDisposeScope();
    }

    /// <summary>The differences, then their gates, then those of whole tensors. Gates are not needed once the differences are
    /// chosen.</summary>
    public override IReadOnlyList<TrainedTensor> Trained =>
    [
        .. _weights.Select(weight => new TrainedTensor(Difference(weight), weight.Frozen.shape)),
        .. _weights.Select(weight => GateOf(Gate(weight), weight.Frozen.shape)),
        .. _settings.Structured ? _weights.Select(weight => GateOf(GateOfAll(weight), [])) : [],
    ];

    public override IReadOnlyDictionary<string, Tensor> State => new Dictionary<string, Tensor> { ["mask"] = _mask, ["step"] = _step };

    /// <summary>Gates are drawn anew for each step of training.</summary>
    private bool IsGated => Step >= 0 && Step < _chosenAfter;

    private int Step => (int)_step.item<float>();

    public override void Place(FlatParameters values)
    {
        foreach (var weight in _weights) weight.Learn(() => Changed(weight, values));
    }

    public override void Remove()
    {
        foreach (var weight in _weights) weight.Freeze();
        _mask.Dispose();
        _step.Dispose();
    }

    public override void Begin(int steps)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        _chosenAfter = _settings.ChosenAfter(steps);
        _mask.Fill_(1);
        _step.Fill_(0);
    }

    /// <summary>Not before the differences are chosen.</summary>
    public override bool IsSettledAfter(int step) => step >= _chosenAfter;

    /// <summary>λ times the expected number of gates that are not 0.</summary>
    public override Tensor? Penalty(FlatParameters values)
    {
        if (!IsGated || _settings.Lambda == 0) return null;
        using var scope = NewDisposeScope();
        var gates = _weights.Select(Gate).Concat(_settings.Structured ? _weights.Select(GateOfAll) : []);
        return stack([.. gates.Select(gate => HardConcrete.Expected(values[gate]))]).sum().Times(_settings.Lambda)
            .MoveToOuterDisposeScope(); // ()
    }

    /// <summary>What is not chosen has no gradient.</summary>
    public override void BeforeStep(FlatParameters values, OptimizerStep step)
    {
        if (IsGated) return;
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        values.Gradients.narrow(0, 0, _n).mul_(_mask);                           // (n)
    }

    /// <summary>Chooses the largest differences at their step, and keeps the others at 0: the optimiser's mean still moves them.</summary>
    public override void AfterStep(FlatParameters values, OptimizerStep step)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var δ = values.Values.narrow(0, 0, _n);                                  // (n)
        if (step.Number == _chosenAfter)
        {
            foreach (var weight in _weights)
            {
                using var inner = NewDisposeScope();
                values[Difference(weight)].mul_(GatesOf(weight, values, drawn: false));
            }
            var chosen = δ.abs().topk((int)_settings.Kept(_n)).indexes;          // (kept)
            _mask.zero_().index_copy_(0, chosen, ones(chosen.shape[0], device: chosen.device));
        }
        _step.Fill_(step.Number);
        if (!IsGated) δ.mul_(_mask);
    }

    /// <summary>All but the chosen differences.</summary>
    public override long TakenAway(FlatParameters values) => Trained.Sum(tensor => tensor.Numbers) - _settings.Kept(_n);

    public override IReadOnlyDictionary<string, Tensor> Expanded(FlatParameters values) =>
        _weights.ToDictionary(Difference, weight => values[Difference(weight)]);

    /// <summary>w₀ + z ∘ δ while there are gates, then w₀ + δ.</summary>
    private Tensor Changed(Parameter weight, FlatParameters values)              // shape of the weight
    {
        using var scope = NewDisposeScope();
        var δ = values[Difference(weight)];                                      // shape of the weight
        var change = IsGated ? GatesOf(weight, values, drawn: At.Model.Masks.Active) * δ : δ;
        return weight.Frozen.to(ScalarType.Float32).Plus(change).MoveToOuterDisposeScope();
    }

    /// <summary>z, times that of the whole tensor; drawn in training, the middle of the distribution otherwise.</summary>
    private Tensor GatesOf(Parameter weight, FlatParameters values, bool drawn)  // shape of the weight
    {
        using var scope = NewDisposeScope();
        Tensor Of(string gate) =>
            HardConcrete.Gate(values[gate], drawn ? (long)(SplitMix64.For(At.Seed, gate, Step).Next() >> 1) : null);
        var z = Of(Gate(weight));                                                // shape of the weight
        return (_settings.Structured ? z * Of(GateOfAll(weight)) : z).MoveToOuterDisposeScope();
    }

    private static TrainedTensor GateOf(string name, long[] shape) => new(name, shape)
    {
        Initial = (shape, _, _) => Scalars.Full(shape, Start, ScalarType.Float32, CPU),
        OwnRate = GateRate,
        Decays = false,
        IsStored = false,
    };

    private static string Difference(Parameter weight) => $"{Placement.PeftPrefix}{weight.Name}.difference";

    private static string Gate(Parameter weight) => $"{Placement.PeftPrefix}{weight.Name}.gate";

    private static string GateOfAll(Parameter weight) => $"{Placement.PeftPrefix}{weight.Name}.gate_of_all";
}
