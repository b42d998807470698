using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Adapters;

/// <summary>An adapter folder in the format of Hugging Face PEFT: adapter_config.json and adapter_model.safetensors.</summary>
/// <remarks>safetensors cannot store one tensor under two names, and serving engines expect one rank and alpha for all layers; so the
/// shared pair is written for each layer that uses it, and a layer without a LoRA gets zeros (<see cref="Adapter.Expanded"/>).</remarks>
public static class PeftAdapter
{
    public const string ConfigFile = "adapter_config.json";
    public const string WeightsFile = "adapter_model.safetensors";

    private static readonly JsonSerializerOptions Indented =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Fields that must have their defaults for the plain LoRA supported here; the fields are those of PEFT 0.20.</summary>
    private static readonly string[] MustBeUnset =
    [
        "use_dora", "rank_pattern", "alpha_pattern", "layer_replication", "layers_to_transform", "fan_in_fan_out",
            "trainable_token_indices", "target_parameters",
        "lora_bias", "use_qalora", "use_bdlora", "arrow_config", "monteclora_config", "alora_invocation_tokens",
    ];

    /// <summary>Initialisations of A and B that leave the base weights unchanged, besides true and false.</summary>
    /// <remarks>PiSSA, OLoRA, CorDA and LoftQ also change the base weights, and PEFT does so again whenever it loads such an adapter. On
    /// the published weights their adapter would be a different model.</remarks>
    private static readonly string[] HarmlessInitialValues = ["gaussian", "eva", "orthogonal"];

    /// <summary>Writes the two files, weights first, so that a folder with a configuration is complete.</summary>
    /// <param name="folder">An existing folder.</param>
    /// <param name="model">The model that the adapter sits on.</param>
    /// <param name="adapter">The trained adapter.</param>
    /// <param name="targets">The requested target names.</param>
    /// <param name="baseModel">The base model's name.</param>
    public static void Write(string folder, FrozenModel model, Adapter adapter, IReadOnlyList<string> targets, string baseModel)
    {
        using var scope = NewDisposeScope();
        SafeTensorsWriter.Write(Path.Combine(folder, WeightsFile), adapter.Expanded());
        WholeFile.WriteText(Path.Combine(folder, ConfigFile), Config(model, adapter, targets, baseModel).ToJsonString(Indented));
    }

    /// <summary>The configuration as PEFT 0.13 writes it for the same adapter.</summary>
    private static JsonObject Config(FrozenModel model, Adapter adapter, IReadOnlyList<string> targets, string baseModel)
    {
        var plainTask = adapter.TrainsHead || model is LanguageModel; // otherwise PEFT gets the class instead of a task
        var auto = plainTask ? null : new JsonObject
        {
            ["base_model_class"] = model.ClassName,
            ["parent_library"] = $"transformers.models.{model.Config.Module}.modeling_{model.Config.Module}",
        };
        return new JsonObject
        {
            ["alpha_pattern"] = new JsonObject(),
            ["auto_mapping"] = auto,
            ["base_model_name_or_path"] = baseModel,
            ["bias"] = "none",
            ["fan_in_fan_out"] = false,
            ["inference_mode"] = true,
            ["init_lora_weights"] = true,
            ["layer_replication"] = null,
            ["layers_pattern"] = null,
            ["layers_to_transform"] = null,
            ["loftq_config"] = new JsonObject(),
            ["lora_alpha"] = JsonNode.Parse(adapter.Shape.Alpha.ToString(CultureInfo.InvariantCulture)),
            ["lora_dropout"] = adapter.Shape.Dropout,
            ["megatron_config"] = null,
            ["megatron_core"] = "megatron.core",
            ["modules_to_save"] = adapter.TrainsHead ? Texts(model.ModulesToSave) : null,
            ["peft_type"] = "LORA",
            ["r"] = adapter.Shape.Rank,
            ["rank_pattern"] = new JsonObject(),
            ["revision"] = null,
            ["target_modules"] = Texts(ExactTargets(model, adapter, targets)),
            ["task_type"] = plainTask ? model.PeftTask : null,
            ["use_dora"] = false,
            ["use_rslora"] = false,
        };
    }

    /// <summary>The targets as given if PEFT would match exactly the same layers; else their module types, on the same condition; else each
    /// layer's full path.</summary>
    private static IEnumerable<string> ExactTargets(FrozenModel model, Adapter adapter, IReadOnlyList<string> targets)
    {
        string[] sites = [.. adapter.Sites.Select(site => site.Linear.Path)],
            all = [.. AdapterSites.All(model).Select(site => site.Linear.Path), .. model.Head.Select(layer => layer.Path)];
        bool Finds(IReadOnlyList<string> names) => names.All(name => sites.Any(path => LoraFit.Matches(path, name)))
            && all.Where(path => names.Any(name => LoraFit.Matches(path, name))).ToHashSet().SetEquals(sites);
        string[] types = [.. adapter.Sites.Select(site => site.Site.Type).Distinct()];
        return Finds(targets) ? targets : Finds(types) ? types : sites;
    }

    private static JsonArray Texts(IEnumerable<string> texts) => [.. texts.Select(text => (JsonNode)text)];

    /// <summary>Reads an adapter folder and places it on a model: our own, or a plain LoRA written by PEFT.</summary>
    /// <exception cref="RefusedInputException">The folder is not an adapter, is of an unsupported kind, or does not fit the
    /// model.</exception>
    public static Adapter Read(string folder, FrozenModel model)
    {
        var config = ReadConfig(folder);
        var path = Path.Combine(folder, WeightsFile);
        if (!File.Exists(path))
            throw new RefusedInputException(path,
                "file not found. Adapters are read from safetensors only, never from a pickle (adapter_model.bin).");
        using var file = SafeTensorsFile.Open(path);
        using var scope = NewDisposeScope();
        var tensors = file.Names.ToDictionary(name => name, name => file.ReadFinite(name, ScalarType.Float32));
        var sites = AdapterSites.All(model).Where(site => tensors.ContainsKey($"base_model.model.{site.Linear.Path}.lora_A.weight"))
            .ToArray();
        if (sites.Length == 0)
            throw new RefusedInputException(path, "holds no LoRA for a layer of this model; is it for another architecture?");
        var head = model.TrainedHead.All(layer => tensors.ContainsKey($"base_model.model.{layer.Path}.weight"));
        var adapter = new Adapter(model, sites, SharingPlan.OwnEverywhere(sites.Select(s => s.Site)), config, head, 0);
        try
        {
            var unknown = tensors.Keys.Except(adapter.Parameters.Names).ToArray();
            if (unknown.Length > 0)
                throw new RefusedInputException(path, "holds tensors that have no place in this model: "
                    + $"{string.Join(", ", unknown.Take(3))}{(unknown.Length > 3 ? ", …" : "")}");
            adapter.Load(tensors, path);
            return adapter;
        }
        catch
        {
            adapter.Dispose();
            throw;
        }
    }

    private static LoraShape ReadConfig(string folder)
    {
        var path = Path.Combine(folder, ConfigFile);
        if (!File.Exists(path))
            throw new RefusedInputException(path,
                "file not found; an adapter is a folder with adapter_config.json and adapter_model.safetensors");
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            var json = document.RootElement;
            if (json.GetProperty("peft_type").GetString() != "LORA")
                throw new RefusedInputException($"{path} peft_type", $"is {json.GetProperty("peft_type")}; only LORA is read");
            foreach (var name in MustBeUnset)
                if (json.TryGetProperty(name, out var value) && !IsUnset(value))
                    throw new RefusedInputException($"{path} {name}", $"is {value}, which is not supported");
            if (json.TryGetProperty("init_lora_weights", out var initial) && initial.ValueKind == JsonValueKind.String
                && !HarmlessInitialValues.Contains(initial.GetString()))
                throw new RefusedInputException($"{path} init_lora_weights",
                    $"is {initial}, which is not known to leave the base weights as they are, so the adapter cannot be added to them."
                    + " PEFT makes a plain LoRA of a PiSSA, OLoRA or CorDA adapter when it saves it with "
                    + "path_initial_model_for_weight_conversion.");
            if (json.TryGetProperty("bias", out var bias) && bias.GetString() != "none")
                throw new RefusedInputException($"{path} bias", "trained biases are not supported");
            int rank = json.GetProperty("r").GetInt32();
            if (rank < 1) throw new RefusedInputException($"{path} r", $"is {rank}; a LoRA has a rank of at least 1");
            var alpha = json.GetProperty("lora_alpha").GetDouble();
            if (alpha is not (> 0 and < double.PositiveInfinity))
                throw new RefusedInputException($"{path} lora_alpha", $"is {alpha}; a LoRA's output is scaled by a number above 0");
            // scale α/√r instead of α/r
            var rankStabilised = json.TryGetProperty("use_rslora", out var rs) && rs.ValueKind == JsonValueKind.True;
            return new(rank, rankStabilised ? alpha * Math.Sqrt(rank) : alpha);
        }
        catch (Exception malformed) when (malformed is JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException)
        {
            throw new RefusedInputException(path, $"is not the configuration of a PEFT adapter ({malformed.Message})");
        }
    }

    private static bool IsUnset(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        JsonValueKind.Array => value.GetArrayLength() == 0,
        _ => false,
    };
}
