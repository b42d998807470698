using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Models;

/// <summary>The parts of a model's config.json that affect computation and are common to encoders and decoders.</summary>
/// <param name="VocabularySize">V, the rows of the token embedding.</param>
/// <param name="Hidden">d, the width of a layer.</param>
/// <param name="Layers">Number of layers.</param>
/// <param name="Heads">Attention heads, H.</param>
/// <param name="Intermediate">Width between the feed-forward matrices.</param>
/// <param name="PadId">The id that pads batches.</param>
/// <param name="Activation">The feed-forward activation, by its name in config.json.</param>
/// <param name="AttentionDropout">Dropout on attention probabilities; [0, 1).</param>
/// <param name="ClassifierDropout">Dropout in a classification head; [0, 1).</param>
public abstract record ModelConfig(int VocabularySize, int Hidden, int Layers, int Heads, int Intermediate, int PadId, string Activation,
    double AttentionDropout, double ClassifierDropout)
{
    public const string FileName = "config.json";

    /// <summary>Well-known unsupported families, which deserve a clearer message than an unknown name.</summary>
    private static readonly Dictionary<string, string> Unread = new()
    {
        ["llama4"] = "a mixture of experts", ["mixtral"] = "a mixture of experts", ["qwen2_moe"] = "a mixture of experts",
        ["qwen3_moe"] = "a mixture of experts", ["gpt_oss"] = "a mixture of experts",
        ["gemma"] = "a decoder with other norms than Llama's", ["gemma2"] = "a decoder with other norms than Llama's",
        ["gemma3"] = "a decoder with other norms than Llama's", ["gemma3_text"] = "a decoder with other norms than Llama's",
        ["phi"] = "a decoder of another family", ["phi3"] = "a decoder with fused projections", ["gpt2"] = "a decoder of another family",
        ["gpt_neox"] = "a decoder of another family", ["opt"] = "a decoder of another family",
        ["falcon"] = "a decoder of another family", ["t5"] = "an encoder-decoder", ["bart"] = "an encoder-decoder",
    };

    /// <summary>The classes of the checkpoint's output layer, row 0 first, as named in config.json; may be empty.</summary>
    public IReadOnlyList<string> HeadClasses { get; init; } = [];

    /// <summary>Supported <c>model_type</c> values of config.json.</summary>
    public static IEnumerable<string> Types => [.. EncoderConfig.Families.Keys, .. DecoderConfig.Families.Keys];

    /// <summary>transformers' class for a classification task.</summary>
    public abstract string ClassifierClass { get; }

    /// <summary>The name prefix of the tensors of embeddings and layers.</summary>
    public abstract string Prefix { get; }

    /// <summary>transformers' module for the model: <c>roberta</c>, <c>llama</c>, ….</summary>
    public abstract string Module { get; }

    /// <summary>The heads that keys and values have, and the width of each.</summary>
    public virtual (int Count, int Width) KeyHeads => (Heads, Hidden / Heads);

    /// <summary>Positions that something before every text takes.</summary>
    public int TokensBefore { get; init; }

    /// <summary>The most tokens in a text, including special tokens.</summary>
    public int LongestText => MostPositions - TokensBefore;

    /// <summary>The most positions in use at once.</summary>
    protected abstract int MostPositions { get; }

    /// <summary>The name and shape of every tensor in embeddings and layers, for checking a checkpoint without torch.</summary>
    public abstract IEnumerable<(string Name, long[] Shape)> Tensors { get; }

    /// <summary>Tensors of a classification head that are required if its first is stored.</summary>
    public abstract (string First, long[] Shape, IReadOnlyList<(string Name, long[] Shape)> Others)? StoredHead { get; }

    /// <summary>The linear layers of one layer: path, input and output width.</summary>
    /// <param name="layer">The layer's number, or <c>*</c>.</param>
    public abstract IReadOnlyList<(string Path, long In, long Out)> LinearsOf(string layer);

    /// <summary>What the names of a layer's tensors begin with, up to its number and a dot.</summary>
    public string LayerPrefix(int layer)
    {
        var (path, number) = (LinearsOf($"{layer}")[0].Path, $".{layer}.");
        return path[..(path.IndexOf(number, StringComparison.Ordinal) + number.Length)];
    }

    /// <summary>Reads config.json of a model folder.</summary>
    /// <exception cref="RefusedInputException">It is missing, malformed, of an unsupported architecture, or inconsistent; all faults are
    /// reported at once.</exception>
    public static ModelConfig Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!Directory.Exists(folder))
            throw new RefusedInputException(folder,
                "folder not found. A model is a folder with config.json, model.safetensors and the tokenizer's files.");
        if (!File.Exists(path)) throw new RefusedInputException(path, "config.json not found in the model folder");
        if (GitLfsPointer.Is(path)) throw new RefusedInputException(path, GitLfsPointer.Message);
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            if (json.RootElement.ValueKind != JsonValueKind.Object) throw new RefusedInputException(path, "is not a JSON object");
            return Read(new ConfigReader(path, json.RootElement));
        }
        catch (JsonException malformed)
        {
            throw new RefusedInputException(path, $"is not JSON: {malformed.Message}");
        }
    }

    private static ModelConfig Read(ConfigReader json)
    {
        var type = json.Text("model_type", "");
        ModelConfig? config = EncoderConfig.Families.TryGetValue(type, out var encoder) ? EncoderConfig.Read(encoder, json)
            : DecoderConfig.Families.TryGetValue(type, out var decoder) ? DecoderConfig.Read(decoder, json) : null;
        if (config is not null) return config with { HeadClasses = json.Classes() };
        throw new RefusedInputException($"{json.Path} model_type",
            $"the architecture '{type}' is not supported; supported are {string.Join(", ", Types)}"
            + (Unread.TryGetValue(type, out var what) ? $". It is {what}" : ""));
    }
}
