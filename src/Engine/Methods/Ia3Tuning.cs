using System.Text.Json;
using System.Text.Json.Nodes;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Methods;

/// <summary>IA³'s branch: l ∘ (Wx + b), or W(l ∘ x) + b (Liu et al. 2022, section 3.3).</summary>
/// <param name="l">(k, 1), which scales the output; or (1, d), the input.</param>
/// <param name="scalesInput">Which of the two.</param>
internal sealed class Ia3(Tensor l, bool scalesInput) : Branch
{
    public override Tensor Forward(Tensor x, Linear layer)                       // x: (N, d)
    {
        using var scope = NewDisposeScope();
        var scales = l.flatten().to(x.dtype);                                    // (k) or (d)
        var y = scalesInput ? layer.Product(x * scales) : layer.Product(x) * scales; // (N, k)
        return y.MoveToOuterDisposeScope();
    }

    public override Tensor Merged(Tensor W) => W * l.detach().to(W.device);      // (k, d): scaled rows or columns

    public override Tensor MergedBias(Tensor b) => scalesInput ? b.alias() : b * l.detach().flatten().to(b.device); // (k)
}

/// <summary>IA³, which starts with ones.</summary>
internal sealed class Ia3Tuning(Placement at, Ia3Settings settings) : BranchTuning(at)
{
    /// <summary>PEFT looks for the end of a name, and so might find another layer by a module's type: then the paths are given.</summary>
    public override IReadOnlyDictionary<string, JsonNode?> PeftFields
    {
        get
        {
            var inputs = At.Sites.Where(ScalesInput).ToArray();
            string[] types = [.. inputs.Select(site => site.Site.Type).Distinct()];
            types = [.. types.Where(type => !types.Any(other => type != other && type.EndsWith(other, StringComparison.Ordinal)))];
            var exact = At.Sites.All(site =>
                types.Any(type => site.Linear.Path.EndsWith(type, StringComparison.Ordinal)) == inputs.Contains(site));
            return new Dictionary<string, JsonNode?>
            {
                ["exclude_modules"] = null,
                ["fan_in_fan_out"] = false,
                ["feedforward_modules"] =
                    new JsonArray([.. (exact ? types : inputs.Select(site => site.Linear.Path)).Select(name => JsonValue.Create(name))]),
                ["init_ia3_weights"] = true,
                ["peft_type"] = "IA3",
            };
        }
    }

    /// <summary>The settings of an IA³ in PEFT's configuration.</summary>
    public static Ia3Settings Read(PeftConfig config)
    {
        config.RefuseSet("fan_in_fan_out");
        config.RefuseBiases();
        var inputs = config["feedforward_modules"];
        return new()
        {
            FeedForward = inputs.ValueKind switch
            {
                JsonValueKind.Null => [],
                JsonValueKind.Array => [.. inputs.EnumerateArray().Select(name => name.GetString()!)],
                _ => throw config.Refused("feedforward_modules", $"is {inputs}; a list of names is read"),
            },
        };
    }

    /// <summary>A layer without a vector has ones, so that PEFT's IA³ changes nothing.</summary>
    public override IReadOnlyDictionary<string, Tensor> Expanded(FlatParameters values)
    {
        var tensors = base.Expanded(values).ToDictionary();
        foreach (var site in At.Sites.Where(site => site.Linear.Branch is null))
            foreach (var tensor in TensorsOf(Placement.Own(site))) tensors[tensor.Name] = ones(tensor.Shape);
        return tensors;
    }

    protected override IEnumerable<TrainedTensor> TensorsOf(BranchSlot slot) =>
    [
        new($"{slot.Path}.ia3_l", ScalesInput(slot.Users[0]) ? [1, slot.In] : [slot.Out, 1])
        {
            Initial = (shape, _, _) => ones(shape), Decays = false,
        },
    ];

    protected override Branch BranchOf(BranchSlot slot, AdapterSite user, FlatParameters values) =>
        new Ia3(values[$"{slot.Path}.ia3_l"], ScalesInput(user));

    private bool ScalesInput(AdapterSite site) => settings.ScalesInputOf(AdapterSites.Module(site));
}
