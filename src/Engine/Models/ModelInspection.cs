using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Engine;

/// <summary>Looks at a base model's files and refuses what a run would refuse, without loading weights or torch.</summary>
public static class ModelInspection
{
    private const int MostFaults = 20;

    /// <summary>Reads configuration, tokenizer and the headers of the weights.</summary>
    /// <exception cref="RefusedInputException">One of them is missing, is not supported, or does not go with the others.</exception>
    public static ModelFacts Read(string folder)
    {
        var config = ModelConfig.Read(folder);
        _ = new TextEncoder(folder, config, int.MaxValue);
        var types = TypesOf(folder, config);
        var about = JsonField.Read(Path.Combine(folder, ModelConfig.FileName));
        var files = ModelFolder.Files(folder);
        return new(about["model_type"].Text, ArchitectureOf(about), config.Layers, config.Hidden, config.Heads, config.VocabularySize, config.LongestText,
            EncoderShapes.Of(config).Sum(tensor => tensor.Shape.Aggregate(1L, (product, n) => product * n)), string.Join(", ", types), Modules(config), ModelFolder.Digest(files), files);
    }

    /// <summary>The element types of the encoder's weights, once all are known to be there in the shape that they must have.</summary>
    private static string[] TypesOf(string folder, ModelConfig config)
    {
        using var weights = WeightFiles.Open(folder);
        Fault[] faults = [.. EncoderShapes.Of(config).Concat(StoredHead(config, weights)).Select(tensor => weights.FaultOf(tensor.Name, tensor.Shape)).OfType<Fault>()];
        if (faults.Length > MostFaults) faults = [.. faults[..MostFaults], new(folder, $"and {faults.Length - MostFaults} more")];
        if (faults.Length > 0) throw new RefusedInputException(faults);
        return [.. EncoderShapes.Of(config).Select(tensor => weights.Find(tensor.Name)!.Value).Select(found => found.File.TypeOf(found.Name)).Distinct()];
    }

    /// <summary>The dense layer of the head is used where it is stored in its own shape, and then whole; otherwise it starts fresh.</summary>
    private static IEnumerable<(string Name, long[] Shape)> StoredHead(ModelConfig config, WeightFiles weights)
    {
        var dense = config.Family == EncoderFamily.Bert ? "bert.pooler.dense" : "classifier.dense";
        return weights.FaultOf($"{dense}.weight", [config.Hidden, config.Hidden]) is null ? [($"{dense}.bias", [config.Hidden])] : [];
    }

    private static string? ArchitectureOf(JsonField config) =>
        config["architectures"].Value is { ValueKind: JsonValueKind.Array } listed && listed.GetArrayLength() > 0 && listed[0].ValueKind == JsonValueKind.String ? listed[0].GetString() : null;

    private static IReadOnlyList<ModuleFacts> Modules(ModelConfig config)
    {
        var linears = EncoderShapes.LinearsOf(config, "*");
        return [.. linears.Select(linear => new ModuleFacts(AdapterSites.TypeOf(linear.Path, linears.Select(other => other.Path), "*"), linear.Path, linear.In, linear.Out))];
    }
}
