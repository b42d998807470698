using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>What can be known of a base model from its files, without loading it.</summary>
/// <param name="Family">config.json's <c>model_type</c>: <c>bert</c>, <c>roberta</c>, ….</param>
/// <param name="Architecture">The class that saved it, <c>RobertaForMaskedLM</c>; null where config.json does not say.</param>
/// <param name="Layers">Number of layers.</param>
/// <param name="Hidden">d, the width of a layer.</param>
/// <param name="Heads">Attention heads.</param>
/// <param name="Vocabulary">Tokens that the model knows.</param>
/// <param name="LongestText">The most tokens a text may have, special tokens included.</param>
/// <param name="Parameters">Numbers in the encoder; a task's head comes besides.</param>
/// <param name="WeightsType">How they are stored, <c>F32</c>, <c>BF16</c>, …; several with commas between.</param>
/// <param name="Modules">The linear layers that <c>lora.targets</c> may name; each is there once per layer of the model.</param>
/// <param name="Sha256">Of the whole folder: sha256 over the sorted lines "sha256  name" of <paramref name="Files"/>.</param>
/// <param name="Files">The files that a run reads.</param>
public sealed record ModelSummary(string Family, string? Architecture, int Layers, int Hidden, int Heads, int Vocabulary, int LongestText, long Parameters,
    string WeightsType, IReadOnlyList<LinearModule> Modules, string Sha256, IReadOnlyList<FileDigest> Files)
{
    /// <summary>The families that generate text.</summary>
    internal static readonly string[] Decoders = ["llama", "mistral", "qwen2", "qwen3"];

    /// <summary>Decoders: whether the weights hold what says the next token, so that text can be generated; null: an encoder, or not known.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? OutputLayer { get; init; }

    /// <summary>Decoders: whether the tokenizer comes with a chat template, so that conversations can be laid out; null: an encoder, or not known.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? ChatTemplate { get; init; }

    /// <summary>Whether it generates text: a decoder.</summary>
    [JsonIgnore]
    public bool Generates => Decoders.Contains(Family);

    /// <summary>Every linear layer, by its own path.</summary>
    [JsonIgnore]
    public IEnumerable<LinearModule> EveryModule => Enumerable.Range(0, Layers).SelectMany(layer => Modules.Select(module => module.OfLayer(layer)));
}

/// <summary>A linear layer.</summary>
/// <param name="Type">Its module type: <c>query</c>.</param>
/// <param name="Path">Its name in the published checkpoint, <c>roberta.encoder.layer.0.attention.self.query</c>; with <c>*</c> for the layer's number where it stands for all of them.</param>
/// <param name="In">Width of its input.</param>
/// <param name="Out">Width of its output.</param>
public sealed record LinearModule(string Type, string Path, long In, long Out)
{
    /// <summary>The one of a layer, where the path stands for all.</summary>
    public LinearModule OfLayer(int layer) => this with { Path = Path.Replace("*", $"{layer}", StringComparison.Ordinal) };
}

/// <summary>A file: its name, its size and the sha256 of its bytes, in lower-case hexadecimal.</summary>
public sealed record FileDigest(string Name, long Bytes, string Sha256);
