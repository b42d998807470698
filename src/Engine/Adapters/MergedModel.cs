using System.Text.Json;
using System.Text.Json.Nodes;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Adapters;

/// <summary>The base model with the adapter merged into its weights, as a model folder that needs no adapter.</summary>
public static class MergedModel
{
    private const long LargestShard = 5_000_000_000; // transformers' default
    private const string WeightsFile = "model.safetensors";

    /// <summary>Writes the weight with the branch merged for every adapted layer, the trained head, all other weights unchanged, and the
    /// tokenizer.</summary>
    /// <remarks>Weights keep their stored element type: the sum is computed in float32 and rounded once. Only one tensor at a time is in
    /// memory.</remarks>
    /// <exception cref="RefusedInputException">The method's branches cannot be merged into weights.</exception>
    /// <param name="baseModel">The base model's folder.</param>
    /// <param name="model">The base model, with the adapter on it.</param>
    /// <param name="adapter">The adapter.</param>
    /// <param name="folder">The output folder; created if missing.</param>
    /// <param name="labels">The class names, or null.</param>
    /// <param name="ends">For a language model, tokens that end its answers, in addition to the base model's.</param>
    /// <param name="largestShard">The largest weight file in bytes; larger models are split into shards with an index.</param>
    public static void Write(string baseModel, FrozenModel model, Adapter adapter, string folder, IReadOnlyList<string>? labels,
        IReadOnlyList<int>? ends = null, long largestShard = LargestShard)
    {
        if (adapter.Tuning.WhyNotMerged is { } why) throw new RefusedInputException("adapter", $"cannot be merged: {why}");
        Directory.CreateDirectory(folder);
        foreach (var name in Tokenizer.FileNames.Where(name => File.Exists(Path.Combine(baseModel, name))))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, name))!);
            File.Copy(Path.Combine(baseModel, name), Path.Combine(folder, name), overwrite: true);
        }
        using var files = WeightFiles.Open(baseModel);
        // a bare model is saved without the prefix
        var prefix = files.Names.Any(name => name.StartsWith($"{model.Config.Prefix}.")) ? "" : $"{model.Config.Prefix}.";
        var otherHeads = model is LanguageModel ? [] : (string[])["lm_head.", "cls."];
        // what merges into each stored tensor
        var merged = new Dictionary<string, Func<Tensor, Tensor>>();
        foreach (var linear in adapter.Sites.Select(site => site.Linear).Where(linear => linear.Branch is not null))
        {
            merged[files.Find($"{linear.Path}.weight")!.Value.Name] = linear.Branch!.Merged;
            if (linear.Bias is not null) merged[files.Find($"{linear.Path}.bias")!.Value.Name] = linear.Branch.MergedBias;
        }
        var learned = model.Parameters.Except(model.HeadParameters).Where(weight => weight.Learns && files.Find(weight.Name) is not null)
            .ToDictionary(weight => files.Find(weight.Name)!.Value.Name);
        var planned = new Dictionary<string, PlannedTensor>();
        foreach (var name in files.Names.Where(name => !otherHeads.Any(name.StartsWith)))
        {
            var file = files.Find(name)!.Value.File;
            planned[prefix + name] = new(prefix + name, file.ScalarTypeOf(name), file.ShapeOf(name),
                () => Changed(file, name, learned.GetValueOrDefault(name), merged.GetValueOrDefault(name)));
        }
        var type = planned.Values.GroupBy(tensor => tensor.Type).MaxBy(alike => alike.Sum(tensor => tensor.Bytes))!.Key;
        foreach (var layer in model.Head)
            foreach (var (half, tensor) in new[] { ("weight", layer.Weight), ("bias", layer.Bias) })
                if (tensor is not null)
                    planned[$"{layer.Path}.{half}"] = new($"{layer.Path}.{half}", type, tensor.shape, () => tensor.to(type));
        WriteShards(folder, [.. planned.Values.OrderBy(tensor => tensor.Name, StringComparer.Ordinal)], largestShard);
        if (model is LanguageModel language)
            WholeFile.WriteText(Path.Combine(folder, GenerationEnds.FileName),
                GenerationEnds.Config(baseModel, language.Config, ends ?? []));
        WholeFile.WriteText(Path.Combine(folder, "config.json"), Config(baseModel, model, labels, type));
    }

    /// <summary>A stored tensor, or what was learned in its place; with the branch merged into it, if there is one.</summary>
    private static Tensor Changed(SafeTensorsFile file, string name, Parameter? learned, Func<Tensor, Tensor>? merge) // of its shape
    {
        if (learned is null && merge is null) return file.Read(name);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var tensor = learned is null ? file.Read(name, ScalarType.Float32) : learned.Value;
        if (merge is not null) tensor = merge(tensor);
        return tensor.to(file.ScalarTypeOf(name)).MoveToOuterDisposeScope();
    }

    private static void WriteShards(string folder, IReadOnlyList<PlannedTensor> tensors, long largest)
    {
        var shards = new List<List<PlannedTensor>> { new() };
        foreach (var tensor in tensors)
        {
            if (shards[^1].Count > 0 && shards[^1].Sum(t => t.Bytes) + tensor.Bytes > largest) shards.Add([]);
            shards[^1].Add(tensor);
        }
        if (shards.Count == 1)
        {
            SafeTensorsWriter.Write(Path.Combine(folder, WeightsFile), shards[0]);
            return;
        }
        var map = new JsonObject();
        foreach (var (i, shard) in shards.Index())
        {
            var name = $"model-{i + 1:00000}-of-{shards.Count:00000}.safetensors";
            SafeTensorsWriter.Write(Path.Combine(folder, name), shard);
            foreach (var tensor in shard) map[tensor.Name] = name;
        }
        var index = new JsonObject { ["metadata"] = new JsonObject { ["total_size"] = tensors.Sum(t => t.Bytes) }, ["weight_map"] = map };
        WholeFile.WriteText(Path.Combine(folder, $"{WeightsFile}.index.json"),
            index.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
    }

    private static string Config(string baseModel, FrozenModel model, IReadOnlyList<string>? labels, ScalarType type)
    {
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(baseModel, "config.json")))!.AsObject();
        config["architectures"] = new JsonArray(model.ClassName);
        config[config.ContainsKey("dtype") ? "dtype" : "torch_dtype"] =
            type switch { ScalarType.BFloat16 => "bfloat16", ScalarType.Float16 => "float16", _ => "float32" };
        // transformers cannot classify batches without one
        if (model is SequenceClassifier && config["pad_token_id"] is null) config["pad_token_id"] = model.Config.PadId;
        if (model is SequenceClassifier classifier)
            Name(config, classifier, labels ?? [.. Enumerable.Range(0, classifier.Classes).Select(i => $"LABEL_{i}")]);
        return config.ToJsonString(new JsonSerializerOptions { WriteIndented = true });
    }

    private static void Name(JsonObject config, SequenceClassifier model, IReadOnlyList<string> names)
    {
        config["id2label"] = new JsonObject(names.Select((name, i) => KeyValuePair.Create(i.ToString(), (JsonNode?)name)));
        config["label2id"] = new JsonObject(names.Select((name, i) => KeyValuePair.Create(name, (JsonNode?)i)));
        config["problem_type"] = model.Classes == 1 ? "regression" : "single_label_classification";
    }
}
