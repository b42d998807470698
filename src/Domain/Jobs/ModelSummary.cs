using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>A summary of a base model, read from its files without loading it.</summary>
/// <param name="Family">config.json's <c>model_type</c>: <c>bert</c>, <c>roberta</c>, ….</param>
/// <param name="Architecture">The class that saved it, such as <c>RobertaForMaskedLM</c>; null if config.json does not say.</param>
/// <param name="Layers">Number of layers.</param>
/// <param name="Hidden">d, the width of a layer.</param>
/// <param name="Heads">Attention heads.</param>
/// <param name="Vocabulary">Vocabulary size in tokens.</param>
/// <param name="LongestText">Maximum length of a text in tokens, including special tokens.</param>
/// <param name="Parameters">Number of parameters, without a task head.</param>
/// <param name="WeightsType">Data type of the stored weights, such as <c>F32</c> or <c>BF16</c>; several are separated by commas.</param>
/// <param name="Modules">Linear layers allowed in <c>lora.targets</c>; each occurs once per layer of the model.</param>
/// <param name="Sha256">SHA-256 digest of the folder: over the sorted lines "sha256  name" of <paramref name="Files"/>.</param>
/// <param name="Files">Files read by a run.</param>
public sealed record ModelSummary(string Family, string? Architecture, int Layers, int Hidden, int Heads, int Vocabulary, int LongestText,
    long Parameters,
    string WeightsType, IReadOnlyList<LinearModule> Modules, string Sha256, IReadOnlyList<FileDigest> Files)
{
    /// <summary>The families that generate text.</summary>
    internal static readonly string[] Decoders = ["llama", "mistral", "qwen2", "qwen3"];

    /// <summary>For decoders: whether the weights include the output layer needed to generate text; null for encoders or if
    /// unknown.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? OutputLayer { get; init; }

    /// <summary>For decoders: whether the tokenizer has a chat template, needed for conversations; null for encoders or if
    /// unknown.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? ChatTemplate { get; init; }

    /// <summary>Parameters of one layer; null if the model was inspected before they were counted.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? LayerParameters { get; init; }

    /// <summary>Parameters that are biases; null if the model was inspected before they were counted.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? BiasParameters { get; init; }

    /// <summary>Every module with parameters of its own; null if the model was inspected before they were listed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ModelPart>? Parts { get; init; }

    /// <summary>Whether the model is a decoder, which generates text.</summary>
    [JsonIgnore]
    public bool Generates => Decoders.Contains(Family);

    /// <summary>The most tokens of a text in a job: at most <c>training.maxLength</c>, and the positions that its method leaves.</summary>
    public int LongestOf(JobRequest request) => Math.Min(request.Training.MaxLength, LongestText - request.Tuning.TokensBefore);

    /// <summary>Every linear layer, by its own path.</summary>
    [JsonIgnore]
    public IEnumerable<LinearModule> EveryModule =>
    Enumerable.Range(0, Layers).SelectMany(layer => Modules.Select(module => module.OfLayer(layer)));
}

/// <summary>A module of a model with parameters of its own: an embedding, a norm, a linear layer.</summary>
/// <param name="Path">Name in the published checkpoint; with <c>*</c> in place of the layer number if every layer has one.</param>
/// <param name="Parameters">Number of its parameters, in one layer.</param>
/// <param name="Biases">How many of them are biases.</param>
public sealed record ModelPart(string Path, long Parameters, long Biases)
{
    /// <summary>The names of all of them.</summary>
    /// <param name="layers">Number of layers.</param>
    public IEnumerable<string> Paths(int layers) => Path.Contains('*')
        ? Enumerable.Range(0, layers).Select(layer => Path.Replace("*", $"{layer}", StringComparison.Ordinal))
        : [Path];
}

/// <summary>A linear layer of a model.</summary>
/// <param name="Type">Module type, such as <c>query</c>.</param>
/// <param name="Path">Name in the published checkpoint, such as <c>roberta.encoder.layer.0.attention.self.query</c>; with <c>*</c> in place
/// of the layer number if it applies to all layers.</param>
/// <param name="In">Width of its input.</param>
/// <param name="Out">Width of its output.</param>
public sealed record LinearModule(string Type, string Path, long In, long Out)
{
    /// <summary>The layer of a site, from the modules of a model. An unknown type is an error of the caller.</summary>
    public static Func<Site, LinearModule> Among(IEnumerable<LinearModule> modules)
    {
        var byType = modules.DistinctBy(module => module.Type).ToDictionary(module => module.Type);
        return site => byType[site.Type].OfLayer(site.Layer);
    }

    /// <summary>The module of one layer.</summary>
    public LinearModule OfLayer(int layer) => this with { Path = Path.Replace("*", $"{layer}", StringComparison.Ordinal) };
}

/// <summary>A file with its size and SHA-256 digest in lower-case hexadecimal.</summary>
public sealed record FileDigest(string Name, long Bytes, string Sha256);
