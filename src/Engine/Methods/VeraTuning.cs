using System.Text.Json.Nodes;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Methods;

/// <summary>VeRA: ΔW = Λ_b B Λ_d A, A and B frozen (Kopiczko et al. 2024, equation 2). λ_d and λ_b are trained for each branch; one
/// random pair, as large as the largest layer, is cut for all.</summary>
internal sealed class VeraTuning : BranchTuning
{
    private readonly VeraSettings _settings;
    private readonly Tensor _A; // (r, largest d)
    private readonly Tensor _B; // (largest k, r)
    private readonly List<Tensor> _cut = [];

    public VeraTuning(Placement at, VeraSettings settings) : base(at)
    {
        _settings = settings;
        using var scope = NewDisposeScope();
        using var random = new Generator((ulong)settings.ProjectionKey, CPU);
        _A = Drawn(random, settings.Rank, at.Sites.Max(site => site.Linear.In)).to(at.Model.Device).DetachFromDisposeScope();
        _B = Drawn(random, at.Sites.Max(site => site.Linear.Out), settings.Rank).to(at.Model.Device).DetachFromDisposeScope();
    }

    public override IReadOnlyDictionary<string, Tensor> Constants => new Dictionary<string, Tensor>
    {
        ["base_model.vera_A"] = _A, ["base_model.vera_B"] = _B,
    };

    /// <summary>The fields as PEFT 0.13 writes them.</summary>
    public override IReadOnlyDictionary<string, JsonNode?> PeftFields => new Dictionary<string, JsonNode?>
    {
        ["bias"] = "none",
        ["d_initial"] = _settings.InitialScale,
        ["fan_in_fan_out"] = false,
        ["init_weights"] = true,
        ["layers_pattern"] = null,
        ["layers_to_transform"] = null,
        ["peft_type"] = "VERA",
        ["projection_prng_key"] = _settings.ProjectionKey,
        ["r"] = _settings.Rank,
        ["save_projection"] = true,
        ["vera_dropout"] = _settings.Dropout,
    };

    /// <summary>The settings of a VeRA in PEFT's configuration.</summary>
    public static VeraSettings Read(PeftConfig config)
    {
        config.RefuseSet("layers_to_transform", "layers_pattern", "fan_in_fan_out");
        config.RefuseBiases();
        return new() { Rank = config.Rank("r"), ProjectionKey = config["projection_prng_key"].GetInt64() };
    }

    public override void Remove()
    {
        base.Remove();
        foreach (var tensor in _cut.Append(_A).Append(_B)) tensor.Dispose();
    }

    protected override IEnumerable<TrainedTensor> TensorsOf(BranchSlot slot) =>
    [
        new($"{slot.Path}.vera_lambda_b", [slot.Out]),
        new($"{slot.Path}.vera_lambda_d", [_settings.Rank])
        {
            Initial = (shape, _, _) => Scalars.Full(shape, _settings.InitialScale, ScalarType.Float32, CPU),
        },
    ];

    protected override Branch BranchOf(BranchSlot slot, AdapterSite user, FlatParameters values)
    {
        using var scope = NewDisposeScope();
        Tensor A = _A.narrow(1, 0, slot.In).contiguous().DetachFromDisposeScope(), B = _B.narrow(0, 0, slot.Out).DetachFromDisposeScope();
        _cut.AddRange([A, B]);
        return new ScaledLora(A, B, values[$"{slot.Path}.vera_lambda_d"], values[$"{slot.Path}.vera_lambda_b"], scale: 1,
            _settings.Dropout, At.Model.Masks);
    }

    /// <summary>Kaiming uniform with gain √2 over the columns, by torch's generator: the numbers that PEFT draws from the same
    /// key.</summary>
    private static Tensor Drawn(Generator random, long rows, long columns)       // (rows, columns)
    {
        var bound = Math.Sqrt(3) * Math.Sqrt(2.0 / columns);
        return empty([rows, columns]).uniform_(-bound, bound, random);
    }
}
