using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Models;

/// <summary>Reads a base model's files and refuses whatever a run would refuse, without torch.</summary>
public static class ModelInspection
{
    private const int MostFaults = 20;

    /// <summary>Reads configuration, tokenizer and weights: every tensor must exist, have its shape, and contain only finite
    /// numbers.</summary>
    /// <exception cref="RefusedInputException">One of them is missing, unsupported, or does not match the others.</exception>
    public static ModelSummary Read(string folder)
    {
        var config = ModelConfig.Read(folder);
        using var weights = WeightFiles.Open(folder);
        _ = new TextEncoder(folder, config, int.MaxValue);
        var (types, output) = Stored(config, weights);
        var files = ModelFolder.Files(folder);
        var facts = Of(folder, config) with { WeightsType = string.Join(", ", types), Sha256 = ModelFolder.Digest(files), Files = files };
        return config is not DecoderConfig decoder ? facts : facts with
        {
            Parameters = facts.Parameters - (output ? 0 : OutputParameters(decoder)),
            OutputLayer = output || decoder.TiedEmbeddings,
            ChatTemplate = ChatTemplate.Exists(folder),
        };
    }

    /// <summary>Reads only config.json: sizes and counts, without weights and tokenizer.</summary>
    /// <exception cref="RefusedInputException">It is missing, malformed, or of an unsupported architecture.</exception>
    public static ModelSummary OfConfig(string folder) => Of(folder, ModelConfig.Read(folder));

    /// <summary>The same, of a configuration that has been read from the folder.</summary>
    public static ModelSummary Of(string folder, ModelConfig config)
    {
        var about = JsonField.Read(Path.Combine(folder, ModelConfig.FileName));
        static long Numbers(IEnumerable<(string Name, long[] Shape)> tensors) =>
            tensors.Sum(tensor => tensor.Shape.Numbers());
        var layer = config.LayerPrefix(0);
        var parameters = Numbers(config.Tensors)
            + (config is DecoderConfig decoder ? OutputParameters(decoder) : 0);
        return new(about["model_type"].Text, ArchitectureOf(about), config.Layers, config.Hidden, config.Heads, config.VocabularySize,
            config.LongestText, parameters, "", Modules(config), "", [])
        {
            LayerParameters = Numbers(config.Tensors.Where(tensor => tensor.Name.StartsWith(layer, StringComparison.Ordinal))),
            BiasParameters = Numbers(config.Tensors.Where(tensor => tensor.Name.EndsWith(".bias", StringComparison.Ordinal))),
            Parts = Parts(config),
        };
    }

    /// <summary>The modules of embeddings and layers, those of the layers once, and an untied output layer.</summary>
    private static IReadOnlyList<ModelPart> Parts(ModelConfig config)
    {
        var (first, any) = (config.LayerPrefix(0), config.LayerPrefix(0).Replace(".0.", ".*.", StringComparison.Ordinal));
        string[] others = [.. Enumerable.Range(1, config.Layers - 1).Select(config.LayerPrefix)];
        var once = config.Tensors.Where(tensor => !others.Any(layer => tensor.Name.StartsWith(layer, StringComparison.Ordinal)));
        return
        [
            .. once.GroupBy(tensor => tensor.Name[..tensor.Name.LastIndexOf('.')]).Select(module => new ModelPart(
                module.Key.StartsWith(first, StringComparison.Ordinal) ? any + module.Key[first.Length..] : module.Key,
                module.Sum(tensor => tensor.Shape.Numbers()),
                module.Where(tensor => tensor.Name.EndsWith(".bias", StringComparison.Ordinal)).Sum(tensor => tensor.Shape.Numbers()))),
            .. config is DecoderConfig { TiedEmbeddings: false } decoder
                ? [new ModelPart(LanguageModel.OutputName[..LanguageModel.OutputName.LastIndexOf('.')], OutputParameters(decoder), 0)]
                : (ModelPart[])[],
        ];
    }

    /// <summary>Parameters of an untied output layer.</summary>
    private static long OutputParameters(DecoderConfig config) => config.TiedEmbeddings ? 0 : (long)config.VocabularySize * config.Hidden;

    /// <summary>The element types of the weights, after checking that all exist in their shapes, and whether an untied output layer is
    /// among them.</summary>
    private static (string[] Types, bool Output) Stored(ModelConfig config, WeightFiles weights)
    {
        var output = config is DecoderConfig { TiedEmbeddings: false } && weights.Find(LanguageModel.OutputName) is not null;
        List<(string Name, long[] Shape)> tensors = [.. config.Tensors, .. StoredHead(config, weights)];
        if (output) tensors.Add((LanguageModel.OutputName, [config.VocabularySize, config.Hidden]));
        Fault[] faults = [.. tensors.Select(tensor => weights.FaultOf(tensor.Name, tensor.Shape)).OfType<Fault>()];
        if (faults.Length == 0) faults = [.. tensors.Select(tensor => weights.NotFinite(tensor.Name)).OfType<Fault>()];
        if (faults.Length > MostFaults) faults = [.. faults[..MostFaults], new(weights.Path, $"and {faults.Length - MostFaults} more")];
        if (faults.Length > 0) throw new RefusedInputException(faults);
        return ([.. config.Tensors.Select(tensor => weights.Find(tensor.Name)!.Value).Select(found => found.File.TypeOf(found.Name))
            .Distinct()], output);
    }

    /// <summary>The remaining tensors of a head whose first tensor is stored in its own shape: such a head is used completely.</summary>
    private static IEnumerable<(string Name, long[] Shape)> StoredHead(ModelConfig config, WeightFiles weights) =>
        config.StoredHead is var (first, shape, others) && weights.FaultOf(first, shape) is null ? others : [];

    private static string? ArchitectureOf(JsonField config) =>
        config["architectures"].Value is { ValueKind: JsonValueKind.Array } listed && listed.GetArrayLength() > 0
            && listed[0].ValueKind == JsonValueKind.String ? listed[0].GetString() : null;

    private static IReadOnlyList<LinearModule> Modules(ModelConfig config)
    {
        var linears = config.LinearsOf("*");
        return [.. linears.Select(linear => new LinearModule(AdapterSites.TypeOf(linear.Path, linears.Select(other => other.Path), "*"),
            linear.Path, linear.In, linear.Out))];
    }
}
