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
}

/// <summary>LoRA, wherever the plan places it: on every target layer, or with LoRA-drop on those that matter and once for the
/// others.</summary>
internal sealed class LoraTuning(Placement at, LoraSettings settings) : BranchTuning(at)
{
    protected override IEnumerable<TrainedTensor> TensorsOf(BranchSlot slot) =>
    [
        new($"{slot.Path}.lora_A.weight", [settings.Rank, slot.In]) { Initial = InitialValues.KaimingUniform },
        new($"{slot.Path}.lora_B.weight", [slot.Out, settings.Rank]),
    ];

    protected override Branch BranchOf(BranchSlot slot, AdapterSite user, FlatParameters values) => new Lora(values[$"{slot.Path}.lora_A.weight"],
        values[$"{slot.Path}.lora_B.weight"], settings.Alpha / settings.Rank, settings.Dropout, At.Model.Masks);

    public override IReadOnlyDictionary<string, JsonNode?> PeftFields => LoraPeft.Fields(settings);
}

/// <summary>LoRA in PEFT's configuration.</summary>
internal static class LoraPeft
{
    /// <summary>Fields that must have their defaults for what is supported here; the fields are those of PEFT 0.20.</summary>
    private static readonly string[] MustBeUnset =
    [
        "rank_pattern", "alpha_pattern", "layer_replication", "layers_to_transform", "fan_in_fan_out",
        "trainable_token_indices", "target_parameters", "lora_bias", "use_qalora", "use_bdlora", "arrow_config", "monteclora_config",
        "alora_invocation_tokens",
    ];

    /// <summary>Initialisations of A and B that leave the base weights unchanged, besides true and false.</summary>
    /// <remarks>PiSSA, OLoRA, CorDA and LoftQ also change the base weights, and PEFT does so again whenever it loads such an adapter. On
    /// the published weights their adapter would be a different model.</remarks>
    private static readonly string[] HarmlessInitialValues = ["gaussian", "eva", "orthogonal"];

    /// <summary>The fields as PEFT 0.13 writes them.</summary>
    public static Dictionary<string, JsonNode?> Fields(LoraSettings settings) => new()
    {
        ["alpha_pattern"] = new JsonObject(),
        ["bias"] = "none",
        ["fan_in_fan_out"] = false,
        ["init_lora_weights"] = true,
        ["layer_replication"] = null,
        ["layers_pattern"] = null,
        ["layers_to_transform"] = null,
        ["loftq_config"] = new JsonObject(),
        ["lora_alpha"] = JsonNode.Parse(settings.Alpha.ToString(CultureInfo.InvariantCulture)),
        ["lora_dropout"] = settings.Dropout,
        ["megatron_config"] = null,
        ["megatron_core"] = "megatron.core",
        ["peft_type"] = "LORA",
        ["r"] = settings.Rank,
        ["rank_pattern"] = new JsonObject(),
        ["use_dora"] = false,
        ["use_rslora"] = false,
    };

    /// <summary>The settings of a LoRA.</summary>
    public static LoraSettings Read(PeftConfig config)
    {
        config.RefuseSet(MustBeUnset);
        if (config.Text("init_lora_weights") is { } initial && !HarmlessInitialValues.Contains(initial))
            throw config.Refused("init_lora_weights",
                $"is {initial}, which is not known to leave the base weights as they are, so the adapter cannot be added to them."
                + " PEFT makes a plain LoRA of a PiSSA, OLoRA or CorDA adapter when it saves it with "
                + "path_initial_model_for_weight_conversion.");
        var (rank, alpha) = (config.Rank("r"), config.Positive("lora_alpha"));
        // rank-stabilised: scaled by α/√r instead of α/r
        if (config.IsTrue("use_rslora")) alpha *= Math.Sqrt(rank);
        return config.IsTrue("use_dora") ? new DoraSettings { Rank = rank, Alpha = alpha } : new LoraSettings { Rank = rank, Alpha = alpha };
    }
}
