using System.Text.Json.Nodes;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Methods;

/// <summary>LoRA beside weights of the model that learn in their place: biases, and modules that are saved with the adapter.</summary>
internal sealed class LoraBesideWeights(Placement at, LoraSettings settings, Tuning lora, InPlaceTuning weights) : Tuning(at)
{
    public override IReadOnlyList<TrainedTensor> Trained => [.. lora.Trained, .. weights.Trained];

    public override long Beside => weights.Trained.Sum(tensor => tensor.Numbers);

    public override IReadOnlyList<string> ModulesToSave => settings.ModulesToSave ?? [];

    public override string? WhyNotMerged => lora.WhyNotMerged;

    /// <summary>PEFT saves and reads biases with <c>all</c> only; those that are not in the file stay as in the model.</summary>
    public override IReadOnlyDictionary<string, JsonNode?>? PeftFields => new Dictionary<string, JsonNode?>(lora.PeftFields!)
    {
        ["bias"] = settings.TrainsBiases ? "all" : "none",
    };

    /// <summary>LoRA and the weights of its settings.</summary>
    /// <exception cref="RefusedInputException">One of the modules cannot be trained whole.</exception>
    public static LoraBesideWeights Of(Placement at, LoraSettings settings)
    {
        if (at.Model is LanguageModel { Config: DecoderConfig { TiedEmbeddings: true } } && settings.IsSaved("model.embed_tokens"))
            throw new RefusedInputException("lora.modulesToSave",
                "holds the embeddings, which are also the model's output layer: PEFT would train them as two. Leave them out");
        var weights = at.Model.Parameters.Select(weight => weight.Name).ToHashSet();
        if (AdapterSites.All(at.Model).FirstOrDefault(site => settings.IsSaved(site.Linear.Path)
            && !weights.Contains($"{site.Linear.Path}.weight")) is { } quantised)
            throw new RefusedInputException("lora.modulesToSave",
                $"holds {quantised.Linear.Path}, whose weight is quantised and cannot learn; set training.weights to float32 or bfloat16");
        foreach (var (index, name) in (settings.ModulesToSave ?? []).Index())
            if (!weights.Select(ModuleOf).Any(module => LoraSettings.IsPartOf(name, module)))
                throw new RefusedInputException($"lora.modulesToSave[{index}]", $"'{name}' matches no module that this task trains");
        var adapted = at.Sites.Select(site => $"{site.Linear.Path}.bias").ToHashSet();
        var trained = new InPlaceTuning(at, weight => settings.IsSaved(ModuleOf(weight.Name)) || settings.Bias switch
        {
            LoraBias.All => weight.Name.EndsWith(".bias", StringComparison.Ordinal),
            LoraBias.LoraOnly => adapted.Contains(weight.Name),
            _ => false,
        }, head: !at.TrainsHead);
        if (settings.Bias == LoraBias.LoraOnly && !weights.Overlaps(adapted))
            throw new RefusedInputException("lora.bias", "must be none or all: the layers that get a LoRA have no biases");
        return new(at, settings, Tunings.Of(settings with { Bias = null, ModulesToSave = null }, at), trained);
    }

    /// <summary>What PEFT's configuration means for a model: the head is not among the saved modules, and a file whose only biases are
    /// those of layers with a LoRA trained no others.</summary>
    public static LoraSettings Fitted(LoraSettings settings, FrozenModel model, IReadOnlyCollection<string> tensors)
    {
        string[] others = [.. model.Parameters.Except(model.HeadParameters).Select(weight => ModuleOf(weight.Name))];
        var saved = settings.ModulesToSave?.Where(name => others.Any(module => LoraSettings.IsPartOf(name, module))).Distinct().ToArray();
        var biases = tensors.Where(name => name.EndsWith(".bias", StringComparison.Ordinal)
            && !model.HeadParameters.Any(head => name.EndsWith(head.Name, StringComparison.Ordinal)) && !settings.IsSaved(ModuleOf(name)));
        return settings with
        {
            ModulesToSave = saved is { Length: > 0 } ? saved : null,
            Bias = settings.Bias is LoraBias.All && biases.All(name => name.EndsWith(".base_layer.bias", StringComparison.Ordinal))
                ? LoraBias.LoraOnly
                : settings.Bias,
        };
    }

    public override void Place(FlatParameters values)
    {
        lora.Place(values);
        weights.Place(values);
    }

    public override void Remove()
    {
        lora.Remove();
        weights.Remove();
    }

    public override IReadOnlyDictionary<string, Tensor> Expanded(FlatParameters values) =>
        lora.Expanded(values).Concat(weights.Expanded(values)).ToDictionary();

    private static string ModuleOf(string weight) => weight[..weight.LastIndexOf('.')];
}
