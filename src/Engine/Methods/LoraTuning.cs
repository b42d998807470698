using System.Globalization;
using System.Text.Json.Nodes;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Methods;

/// <summary>One low-rank pair: ΔW = (α/r)·BA (Hu et al. 2021). Used by one layer or shared by several.</summary>
/// <param name="A">Down to rank: (r, d), float32.</param>
/// <param name="B">Up again: (k, r), float32.</param>
/// <param name="scale">α/r.</param>
/// <param name="dropout">Fraction of x dropped before A in training.</param>
/// <param name="masks">Source of the dropout masks.</param>
public sealed class Lora(Tensor A, Tensor B, double scale, double dropout, DropoutMasks masks) : LowRankBranch
{
    public Tensor A { get; } = A;

    public Tensor B { get; } = B;

    /// <summary>α/r.</summary>
    public double Scale => scale;

    public override Tensor Forward(Tensor x, Linear layer)                       // x: (N, d)
    {
        using var scope = NewDisposeScope();
        var h = layer.Product(x);                                                // (N, k)
        var Ax = nn.functional.linear(masks.Drop(x.to(A.dtype), dropout), A);    // (N, r), in the adapter's own precision
        if (h.dtype != B.dtype)
            return h.Plus(nn.functional.linear(Ax, B).Times(scale)).to(h.dtype).MoveToOuterDisposeScope(); // (N, k)
        return h.addmm_(Ax, B.t(), 1, (float)scale).MoveToOuterDisposeScope();   // (N, k) = Wx + b + (α/r)·BAx
    }

    protected override (Tensor A, Tensor B, double Scale) Factors() => (A, B, scale);

    private protected override OutputMeter Meter((Tensor A, Tensor B, double Scale) of) =>
        new DirectionsMeter(this, of.A, of.B, of.Scale);
}

/// <summary>A pair that starts from the weight: ΔW = s·(BA − B₀A₀), 0 at the start. The weight itself stays as it is, where the authors
/// take sB₀A₀ from it.</summary>
/// <param name="A">(r, d).</param>
/// <param name="B">(k, r).</param>
/// <param name="start">A₀ and B₀.</param>
/// <param name="scale">s.</param>
/// <param name="dropout">Fraction of x dropped before A in training.</param>
/// <param name="masks">Source of the dropout masks.</param>
internal sealed class LoraFromWeight(Tensor A, Tensor B, (Tensor A, Tensor B) start, double scale, double dropout, DropoutMasks masks)
    : LowRankBranch
{
    public override Tensor Forward(Tensor x, Linear layer)                       // x: (N, d)
    {
        using var scope = NewDisposeScope();
        var h = layer.Product(x);                                                // (N, k)
        var exact = x.to(A.dtype);                                               // (N, d)
        var BAx = nn.functional.linear(nn.functional.linear(masks.Drop(exact, dropout), A), B); // (N, k)
        var taken = nn.functional.linear(nn.functional.linear(exact, start.A), start.B); // (N, k) = B₀A₀x
        return h.Plus((BAx - taken).Times(scale).to(h.dtype)).MoveToOuterDisposeScope(); // (N, k)
    }

    protected override (Tensor A, Tensor B, double Scale) Factors() => (cat([A, start.A], 0), cat([B, start.B.neg()], 1), scale);
}

/// <summary>LoRA, wherever the plan places it: on every target layer, or with LoRA-drop on those that matter and once for the
/// others.</summary>
internal sealed class LoraTuning(Placement at, LoraSettings settings) : BranchTuning(at)
{
    /// <summary>Ranks and alphas that differ from the settings' are written by the layers' whole paths: PEFT sorts patterns when it saves
    /// them, so that of two that match a layer another may count than was given first.</summary>
    public override IReadOnlyDictionary<string, JsonNode?> PeftFields
    {
        get
        {
            var owners = At.Sites.Select(site => (site.Linear.Path, Own: (At.SlotOf(site) ?? Placement.Own(site)).OwnPath)).ToArray();
            JsonObject Others<T>(Func<string?, T> of, T usual, Func<T, JsonNode> json) where T : IEquatable<T> =>
                new(owners.Where(owner => !of(owner.Own).Equals(usual))
                    .Select(owner => KeyValuePair.Create(owner.Path, (JsonNode?)json(of(owner.Own)))));
            return new Dictionary<string, JsonNode?>(LoraPeft.Fields(settings, settings.RankStabilised == true))
            {
                ["rank_pattern"] = Others(settings.RankOf, settings.Rank, rank => rank),
                ["alpha_pattern"] = Others(settings.AlphaOf, settings.Alpha, LoraPeft.Number),
            };
        }
    }

    protected override IEnumerable<TrainedTensor> TensorsOf(BranchSlot slot) =>
    [
        LoraPair.A(slot, settings.RankOf(slot.OwnPath)),
        LoraPair.B(slot, settings.RankOf(slot.OwnPath)) with { Rate = settings.PlusRatio ?? 1 },
    ];

    protected override Branch BranchOf(BranchSlot slot, AdapterSite user, FlatParameters values) => new Lora(
        values[LoraPair.NameOfA(slot)], values[LoraPair.NameOfB(slot)], settings.ScaleOf(slot.OwnPath), settings.Dropout,
        At.Model.Masks);
}

/// <summary>LoRA with a rank for each layer, which importance has decided. The scale is that of the settings' rank everywhere. It is
/// exported with one rank: what a layer has fewer is filled with zeros.</summary>
internal sealed class RankedLoraTuning(Placement at, LoraSettings settings) : FoldedTuning(at)
{
    protected override IEnumerable<TrainedTensor> TensorsOf(BranchSlot slot) =>
    [
        LoraPair.A(slot, RankOf(slot)), LoraPair.B(slot, RankOf(slot)) with { Rate = settings.PlusRatio ?? 1 },
    ];

    protected override Branch BranchOf(BranchSlot slot, AdapterSite user, FlatParameters values) => new Lora(
        values[LoraPair.NameOfA(slot)], values[LoraPair.NameOfB(slot)], settings.Scale, settings.Dropout, At.Model.Masks);

    private int RankOf(BranchSlot slot) => At.Plan.RankOf(slot.Users[0].Site) ?? settings.Rank;
}

/// <summary>LoRA that starts from the weights. It is exported as a LoRA of twice the rank on the weights as they are, since PEFT
/// decomposes them again, perhaps otherwise, when it loads its own form.</summary>
internal sealed class LoraFromWeightTuning(Placement at, LoraSettings settings) : FoldedTuning(at)
{
    private readonly Dictionary<string, (Tensor A, Tensor B)> _start = at.Slots.ToDictionary(slot => slot.Path,
        slot => StartOf(slot.Users[0].Linear, settings));

    public override void Remove()
    {
        base.Remove();
        foreach (var (A, B) in _start.Values)
        {
            A.Dispose();
            B.Dispose();
        }
    }

    protected override IEnumerable<TrainedTensor> TensorsOf(BranchSlot slot) =>
    [
        LoraPair.A(slot, settings.RankOf(slot.OwnPath)) with { Initial = (_, _, _) => _start[slot.Path].A.alias() },
        LoraPair.B(slot, settings.RankOf(slot.OwnPath)) with
        {
            Initial = (_, _, _) => _start[slot.Path].B.alias(), Rate = settings.PlusRatio ?? 1,
        },
    ];

    protected override Branch BranchOf(BranchSlot slot, AdapterSite user, FlatParameters values) => new LoraFromWeight(
        values[LoraPair.NameOfA(slot)], values[LoraPair.NameOfB(slot)], _start[slot.Path], settings.ScaleOf(slot.OwnPath),
        settings.Dropout, At.Model.Masks);

    /// <summary>PiSSA: W = USVᵀ gives A₀ = √(S/s)·Vᵀ and B₀ = U·√(S/s), the r largest. OLoRA: W = QR gives the first r rows of R and
    /// columns of Q. Decomposed in float64 on the CPU, so that every machine starts from the same numbers as nearly as can be.</summary>
    private static (Tensor A, Tensor B) StartOf(Linear linear, LoraSettings settings)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var (r, s, device) = (settings.RankOf(linear.Path), settings.ScaleOf(linear.Path), linear.Matrix.Device);
        var W = linear.Matrix.Dense(ScalarType.Float32).cpu().to(ScalarType.Float64); // (k, d)
        Tensor Placed(Tensor exact) => exact.to(ScalarType.Float32).contiguous().to(device).DetachFromDisposeScope();
        if (settings.Start == LoraStart.Olora)
        {
            var (Q, R) = linalg.qr(W);                                           // (k, min), (min, d)
            return (Placed(R.narrow(0, 0, r)), Placed(Q.narrow(1, 0, r)));       // (r, d), (k, r)
        }
        var (U, S, Vt) = linalg.svd(W, fullMatrices: false);                     // (k, min), (min), (min, d)
        var root = S.narrow(0, 0, r).Over(s).sqrt();                             // (r)
        return (Placed(Vt.narrow(0, 0, r) * root.unsqueeze(1)), Placed(U.narrow(1, 0, r) * root)); // (r, d), (k, r)
    }
}

/// <summary>The two matrices of a low-rank branch, under PEFT's names for LoRA's.</summary>
internal static class LoraPair
{
    /// <summary>A (r, d), Kaiming uniform.</summary>
    public static TrainedTensor A(BranchSlot slot, int rank) =>
        new(NameOfA(slot), [rank, slot.In]) { Initial = InitialValues.KaimingUniform };

    /// <summary>B (k, r), zero.</summary>
    public static TrainedTensor B(BranchSlot slot, int rank) => new(NameOfB(slot), [slot.Out, rank]);

    public static string NameOfA(BranchSlot slot) => $"{slot.Path}.lora_A.weight";

    public static string NameOfB(BranchSlot slot) => $"{slot.Path}.lora_B.weight";
}

/// <summary>LoRA in PEFT's configuration.</summary>
internal static class LoraPeft
{
    /// <summary>Fields that must have their defaults for what is supported here; the fields are those of PEFT 0.20.</summary>
    private static readonly string[] MustBeUnset =
    [
        "layer_replication", "layers_to_transform", "fan_in_fan_out",
        "trainable_token_indices", "target_parameters", "lora_bias", "use_qalora", "use_bdlora", "arrow_config", "monteclora_config",
        "alora_invocation_tokens",
    ];

    /// <summary>Initialisations of A and B that leave the base weights unchanged, besides true and false.</summary>
    /// <remarks>PiSSA, OLoRA, CorDA and LoftQ also change the base weights, and PEFT does so again whenever it loads such an adapter. On
    /// the published weights their adapter would be a different model.</remarks>
    private static readonly string[] HarmlessInitialValues = ["gaussian", "eva", "orthogonal"];

    /// <summary>The fields as PEFT 0.13 writes them.</summary>
    public static Dictionary<string, JsonNode?> Fields(LowRankSettings settings, bool rankStabilised = false) => new()
    {
        ["alpha_pattern"] = new JsonObject(),
        ["bias"] = "none",
        ["fan_in_fan_out"] = false,
        ["init_lora_weights"] = true,
        ["layer_replication"] = null,
        ["layers_pattern"] = null,
        ["layers_to_transform"] = null,
        ["loftq_config"] = new JsonObject(),
        ["lora_alpha"] = Number(settings.Alpha),
        ["lora_dropout"] = settings.Dropout,
        ["megatron_config"] = null,
        ["megatron_core"] = "megatron.core",
        ["peft_type"] = "LORA",
        ["r"] = settings.Rank,
        ["rank_pattern"] = new JsonObject(),
        ["use_dora"] = false,
        ["use_rslora"] = rankStabilised,
    };

    /// <summary>A number without a needless ".0".</summary>
    public static JsonNode Number(double number) => JsonNode.Parse(number.ToString(CultureInfo.InvariantCulture))!;

    /// <summary>The settings of a LoRA.</summary>
    public static LowRankSettings Read(PeftConfig config)
    {
        config.RefuseSet(MustBeUnset);
        if (config.Text("init_lora_weights") is { } initial && !HarmlessInitialValues.Contains(initial))
            throw config.Refused("init_lora_weights",
                $"is {initial}, which is not known to leave the base weights as they are, so the adapter cannot be added to them."
                + " PEFT makes a plain LoRA of a PiSSA, OLoRA or CorDA adapter when it saves it with "
                + "path_initial_model_for_weight_conversion.");
        var (rank, alpha) = (config.Rank("r"), config.Positive("lora_alpha"));
        var rankStabilised = config.IsTrue("use_rslora");
        return config.IsTrue("use_dora")
            ? Dora(config, rank, rankStabilised ? alpha * Math.Sqrt(rank) : alpha)
            : new LoraSettings
            {
                Rank = rank, Alpha = alpha, RankStabilised = rankStabilised ? true : null,
                RankPattern = config.Patterns("rank_pattern", value => value.GetInt32(), rank => rank >= 1),
                AlphaPattern = config.Patterns("alpha_pattern", value => value.GetDouble(), alpha => alpha > 0 && double.IsFinite(alpha)),
                Bias = Bias(config),
                ModulesToSave = config.Texts("modules_to_save"),
            };
    }

    private static DoraSettings Dora(PeftConfig config, int rank, double alpha)
    {
        config.RefuseSet("rank_pattern", "alpha_pattern");
        config.RefuseBiases();
        return new() { Rank = rank, Alpha = alpha };
    }

    private static LoraBias? Bias(PeftConfig config) => config.Text("bias") switch
    {
        null or "none" => null,
        "all" => LoraBias.All,
        "lora_only" => throw config.Refused("bias",
            "is lora_only, whose trained biases PEFT does not save: without them the adapter gives other results than in training"),
        var other => throw config.Refused("bias", $"is {other}; none and all are read"),
    };
}
