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

    /// <summary>The configuration as PEFT writes it for the same adapter, its fields in order of their names.</summary>
    private static JsonObject Config(FrozenModel model, Adapter adapter, IReadOnlyList<string> targets, string baseModel)
    {
        string[] modules = [.. adapter.TrainsHead ? model.ModulesToSave : [], .. adapter.Tuning.ModulesToSave];
        var plainTask = adapter.TrainsHead || model is LanguageModel; // otherwise PEFT gets the class instead of a task
        var fields = new Dictionary<string, JsonNode?>(adapter.Tuning.PeftFields!)
        {
            ["auto_mapping"] = plainTask ? null : new JsonObject
            {
                ["base_model_class"] = model.ClassName,
                ["parent_library"] = $"transformers.models.{model.Config.Module}.modeling_{model.Config.Module}",
            },
            ["base_model_name_or_path"] = baseModel,
            ["inference_mode"] = true,
            ["modules_to_save"] = modules.Length > 0 ? Texts(modules) : null,
            ["revision"] = null,
            ["task_type"] = plainTask ? model.PeftTask : null,
        };
        if (adapter.Sites.Count > 0) fields["target_modules"] = Texts(ExactTargets(model, adapter, targets));
        return new(fields.OrderBy(field => field.Key, StringComparer.Ordinal));
    }

    /// <summary>The targets as given if PEFT would match exactly the same layers; else their module types, on the same condition; else each
    /// layer's full path.</summary>
    private static IEnumerable<string> ExactTargets(FrozenModel model, Adapter adapter, IReadOnlyList<string> targets)
    {
        string[] sites = [.. adapter.Sites.Select(site => site.Linear.Path)],
            all = [.. AdapterSites.All(model).Select(site => site.Linear.Path), .. model.Head.Select(layer => layer.Path)];
        bool Finds(IReadOnlyList<string> names) => names.All(name => sites.Any(path => TargetLayers.Matches(path, name)))
            && all.Where(path => names.Any(name => TargetLayers.Matches(path, name))).ToHashSet().SetEquals(sites);
        string[] types = [.. adapter.Sites.Select(site => site.Site.Type).Distinct()];
        return Finds(targets) ? targets : Finds(types) ? types : sites;
    }

    private static JsonArray Texts(IEnumerable<string> texts) => [.. texts.Select(text => (JsonNode)text)];

    /// <summary>Reads an adapter folder and places it on a model: our own, or a plain LoRA written by PEFT.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="model">The model, without an adapter.</param>
    /// <param name="withHead">Whether its head is read too, if it has one.</param>
    /// <exception cref="RefusedInputException">The folder is not an adapter, is of an unsupported kind, or does not fit the
    /// model.</exception>
    public static Adapter Read(string folder, FrozenModel model, bool withHead = true)
    {
        var settings = PeftConfig.Read(folder);
        var path = Path.Combine(folder, WeightsFile);
        if (!File.Exists(path))
            throw new RefusedInputException(path,
                "file not found. Adapters are read from safetensors only, never from a pickle (adapter_model.bin).");
        using var file = SafeTensorsFile.Open(path);
        using var scope = NewDisposeScope();
        var tensors = file.Names.ToDictionary(name => name, name => file.ReadFinite(name, ScalarType.Float32));
        var sites = AdapterSites.All(model).Where(site => HasBranch(tensors.Keys, $"{Placement.PeftPrefix}{site.Linear.Path}.")).ToArray();
        if (sites.Length == 0 && settings.Layers.Count > 0)
            throw new RefusedInputException(path, "holds nothing for a layer of this model; is it for another architecture?");
        if (!withHead)
            foreach (var own in model.HeadParameters)
                foreach (var name in tensors.Keys.Where(name => TargetLayers.Matches(name, own.Name)).ToArray()) tensors.Remove(name);
        var head = withHead && model.TrainedHead.All(layer => tensors.Keys.Any(name => TargetLayers.Matches(name, $"{layer.Path}.weight")));
        settings = Tunings.Fitted(settings, model, tensors.Keys);
        var adapter = new Adapter(model, sites, SharingPlan.OwnEverywhere(sites.Select(s => s.Site)), settings, head, 0);
        try
        {
            foreach (var (name, constant) in adapter.Tuning.Constants)
                if (tensors.TryGetValue(name, out var stored) && !stored.bytes.SequenceEqual(constant.cpu().bytes))
                    throw new RefusedInputException(path, $"tensor '{name}' is not what PEFT draws from the adapter's key, which it uses "
                        + "instead of the tensor: the adapter gives other results there than where it was made");
            var unknown = tensors.Keys.Except(adapter.Parameters.Names).Except(adapter.Tuning.Constants.Keys).ToArray();
            if (unknown.Length > 0)
                throw new RefusedInputException(path, "holds tensors that have no place in this model: "
                    + $"{string.Join(", ", unknown.Take(3))}{(unknown.Length > 3 ? ", …" : "")}");
            adapter.Load(adapter.Tuning.FromPeft(tensors), path);
            return adapter;
        }
        catch
        {
            adapter.Dispose();
            throw;
        }
    }

    /// <summary>Whether a file holds a branch of a layer: a tensor under its path besides its own weight and bias.</summary>
    private static bool HasBranch(IEnumerable<string> names, string path) =>
        names.Any(name => name.StartsWith(path, StringComparison.Ordinal) && name[path.Length..] is not ("weight" or "bias"));
}
