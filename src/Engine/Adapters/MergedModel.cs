using System.Text.Json;
using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace LoraDrop.Engine;

/// <summary>The base model with the adapter added into its weights, as a model folder that needs no adapter any more.</summary>
public static class MergedModel
{
    /// <summary>Writes W + (α/r)·BA for every adapted layer, the trained head, everything else as it was, and the tokenizer.</summary>
    /// <param name="baseModel">The base model's folder.</param>
    /// <param name="model">The base model, with the adapter on it.</param>
    /// <param name="adapter">The adapter.</param>
    /// <param name="folder">Where to; created if need be.</param>
    /// <param name="labels">Names of the classes, if there are any.</param>
    public static void Write(string baseModel, SequenceClassifier model, Adapter adapter, string folder, IReadOnlyList<string>? labels)
    {
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.EnumerateFiles(baseModel).Where(file => Tokenizer.FileNames.Contains(Path.GetFileName(file)))) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var source = ModelFolder.Open(baseModel, ScalarType.Float32, CPU);
        var prefix = source.Names.Any(name => name.StartsWith($"{model.Config.Prefix}.")) ? "" : $"{model.Config.Prefix}."; // a bare encoder is saved without
        var tensors = source.Names.Where(name => !name.StartsWith("lm_head.") && !name.StartsWith("cls.")).ToDictionary(name => prefix + name, name => source.Take(name, source.ShapeOf(name)));
        foreach (var site in adapter.Sites)
            if (site.Linear.Lora is { } lora)
            {
                var name = prefix + source.StoredName($"{site.Linear.Path}.weight");
                tensors[name] = tensors[name] + lora.DeltaW().cpu();
            }
        foreach (var layer in model.Head.All)
        {
            tensors[$"{layer.Path}.weight"] = layer.Weight.to(ScalarType.Float32).cpu();
            tensors[$"{layer.Path}.bias"] = layer.Bias.to(ScalarType.Float32).cpu();
        }
        SafeTensorsWriter.Write(Path.Combine(folder, "model.safetensors"), tensors);
        WholeFile.WriteText(Path.Combine(folder, "config.json"), Config(baseModel, model, labels));
    }

    private static string Config(string baseModel, SequenceClassifier model, IReadOnlyList<string>? labels)
    {
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(baseModel, "config.json")))!.AsObject();
        var names = labels ?? [.. Enumerable.Range(0, model.Classes).Select(i => $"LABEL_{i}")];
        config["architectures"] = new JsonArray(model.Config.ClassifierClass);
        config["id2label"] = new JsonObject(names.Select((name, i) => KeyValuePair.Create(i.ToString(), (JsonNode?)name)));
        config["label2id"] = new JsonObject(names.Select((name, i) => KeyValuePair.Create(name, (JsonNode?)i)));
        config["problem_type"] = model.Classes == 1 ? "regression" : "single_label_classification";
        config["torch_dtype"] = "float32";
        return config.ToJsonString(new JsonSerializerOptions { WriteIndented = true });
    }
}
