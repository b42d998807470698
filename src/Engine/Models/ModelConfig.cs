using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Engine;

/// <summary>Encoder families whose published checkpoints are read.</summary>
public enum EncoderFamily
{
    /// <summary>BERT: positions from 0, two token types, a pooler before the classifier.</summary>
    Bert,

    /// <summary>RoBERTa and what shares its code (XLM-RoBERTa, CamemBERT): positions start after the padding id, the head has its own dense layer.</summary>
    Roberta,
}

/// <summary>A model's config.json, as far as its computation depends on it.</summary>
/// <param name="Family">The architecture.</param>
/// <param name="VocabularySize">Rows of the token embedding.</param>
/// <param name="Hidden">d, the width of a layer.</param>
/// <param name="Layers">Number of layers.</param>
/// <param name="Heads">Attention heads; they divide d.</param>
/// <param name="Intermediate">Width between the two feed-forward matrices.</param>
/// <param name="Positions">Rows of the position embedding.</param>
/// <param name="TokenTypes">Rows of the token-type embedding.</param>
/// <param name="LayerNormEps">ε of every layer norm.</param>
/// <param name="PadId">The id of the padding token.</param>
/// <param name="Activation"><c>gelu</c> (exact), <c>gelu_new</c> (tanh) or <c>relu</c>.</param>
/// <param name="HiddenDropout">Dropout after embeddings, attention output and feed-forward output; [0, 1).</param>
/// <param name="AttentionDropout">Dropout on attention probabilities; [0, 1).</param>
/// <param name="ClassifierDropout">Dropout in the head; [0, 1).</param>
public sealed record ModelConfig(EncoderFamily Family, int VocabularySize, int Hidden, int Layers, int Heads, int Intermediate, int Positions,
    int TokenTypes, double LayerNormEps, int PadId, string Activation, double HiddenDropout, double AttentionDropout, double ClassifierDropout)
{
    public const string FileName = "config.json";

    private static readonly Dictionary<string, EncoderFamily> Families = new()
    {
        ["bert"] = EncoderFamily.Bert,
        ["roberta"] = EncoderFamily.Roberta,
        ["xlm-roberta"] = EncoderFamily.Roberta,
        ["camembert"] = EncoderFamily.Roberta,
    };

    /// <summary>The class that transformers would build for a classification task.</summary>
    public string ClassifierClass => Family == EncoderFamily.Bert ? "BertForSequenceClassification" : "RobertaForSequenceClassification";

    /// <summary>What the encoder's tensors are called by.</summary>
    public string Prefix => Family == EncoderFamily.Bert ? "bert" : "roberta";

    /// <summary>The most tokens a text may have, special tokens included.</summary>
    public int LongestText => Family == EncoderFamily.Roberta ? Positions - PadId - 1 : Positions;

    /// <summary>roberta-base, for counting and for benchmarks on random weights.</summary>
    public static ModelConfig RobertaBase { get; } = new(EncoderFamily.Roberta, 50265, 768, 12, 12, 3072, 514, 1, 1e-5, 1, "gelu", 0.1, 0.1, 0.1);

    /// <summary>roberta-large, for counting.</summary>
    public static ModelConfig RobertaLarge { get; } = RobertaBase with { Hidden = 1024, Layers = 24, Heads = 16, Intermediate = 4096 };

    /// <summary>Reads config.json of a model folder.</summary>
    /// <exception cref="RefusedInputException">It is missing, malformed, of an architecture that is not supported, or contradicts itself; all faults at once.</exception>
    public static ModelConfig Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!Directory.Exists(folder)) throw new RefusedInputException(folder, "there is no such folder. A model is a folder with config.json, model.safetensors and the tokenizer's files.");
        if (!File.Exists(path)) throw new RefusedInputException(path, "there is no config.json in the model folder");
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
        if (!Families.TryGetValue(type, out var family))
            throw new RefusedInputException($"{json.Path} model_type", $"the architecture '{type}' is not supported; supported are {string.Join(", ", Families.Keys)}");
        var hiddenDropout = json.Share("hidden_dropout_prob", 0.1);
        var config = new ModelConfig(family, json.Count("vocab_size"), json.Count("hidden_size"), json.Count("num_hidden_layers"), json.Count("num_attention_heads"),
            json.Count("intermediate_size"), json.Count("max_position_embeddings"), json.Count("type_vocab_size", family == EncoderFamily.Bert ? 2 : 1),
            json.Number("layer_norm_eps", 1e-12), json.Whole("pad_token_id", family == EncoderFamily.Bert ? 0 : 1), json.Text("hidden_act", "gelu"),
            hiddenDropout, json.Share("attention_probs_dropout_prob", 0.1), json.Share("classifier_dropout", hiddenDropout));
        json.Check(config.Activation is "gelu" or "gelu_new" or "relu", "hidden_act", $"'{config.Activation}' is not supported; supported are gelu, gelu_new, relu");
        json.Check(config.LayerNormEps > 0, "layer_norm_eps", "must be above 0");
        json.Check(config.Heads <= 0 || config.Hidden <= 0 || config.Hidden % config.Heads == 0, "num_attention_heads", $"{config.Heads} heads do not divide hidden_size {config.Hidden}");
        json.Check(json.Text("position_embedding_type", "absolute") == "absolute", "position_embedding_type", "only absolute positions are supported");
        json.Check(!json.Flag("is_decoder"), "is_decoder", "an encoder used as a decoder is not supported");
        var padIsToken = config.PadId >= 0 && config.PadId < config.VocabularySize;
        json.Check(padIsToken || config.VocabularySize <= 0, "pad_token_id", $"must be a token id under vocab_size {config.VocabularySize}");
        json.Check(config.LongestText >= 3 || !padIsToken, "max_position_embeddings", "leaves no room for a text");
        json.ThrowIfFaulty();
        return config;
    }

    /// <summary>Reads values of config.json and collects what is wrong with them.</summary>
    private sealed class ConfigReader(string path, JsonElement json)
    {
        private readonly List<Fault> _faults = [];

        public string Path => path;

        public int Count(string name, int? otherwise = null)
        {
            var value = Whole(name, otherwise);
            Check(value > 0, name, "must be a whole number above 0");
            return value;
        }

        public int Whole(string name, int? otherwise)
        {
            if (!Given(name, out var value) && otherwise is { } fallback) return fallback;
            if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var whole)) return whole;
            Check(false, name, "must be a whole number");
            return 0;
        }

        public double Number(string name, double otherwise)
        {
            if (!Given(name, out var value)) return otherwise;
            if (value.ValueKind == JsonValueKind.Number) return value.GetDouble();
            Check(false, name, "must be a number");
            return otherwise;
        }

        public double Share(string name, double otherwise)
        {
            var share = Number(name, otherwise);
            if (share is >= 0 and < 1) return share;
            Check(false, name, "must lie in [0, 1)");
            return otherwise;
        }

        public string Text(string name, string otherwise)
        {
            if (!Given(name, out var value)) return otherwise;
            if (value.ValueKind == JsonValueKind.String) return value.GetString()!;
            Check(false, name, "must be a text");
            return otherwise;
        }

        public bool Flag(string name) => Given(name, out var value) && value.ValueKind == JsonValueKind.True;

        public void Check(bool holds, string name, string message)
        {
            if (!holds && !_faults.Any(f => f.Path.EndsWith($" {name}"))) _faults.Add(new($"{path} {name}", message));
        }

        public void ThrowIfFaulty()
        {
            if (_faults.Count > 0) throw new RefusedInputException(_faults);
        }

        private bool Given(string name, out JsonElement value) => json.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;
    }
}
