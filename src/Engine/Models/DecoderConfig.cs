using System.Text.Json;

namespace LoraDrop.Engine.Models;

/// <summary>Supported decoder families. They share one block; differences are read from config.json.</summary>
public enum DecoderFamily
{
    /// <summary>Llama 1 to 3.x: biases and head size according to config.json.</summary>
    Llama,

    /// <summary>Mistral: no biases, an optional sliding window in every layer.</summary>
    Mistral,

    /// <summary>Qwen2 and Qwen2.5: biases on query, key and value.</summary>
    Qwen2,

    /// <summary>Qwen3: norms on each head's query and key.</summary>
    Qwen3,
}

/// <summary>The config.json of a decoder of the Llama family.</summary>
/// <param name="Family">The architecture.</param>
/// <param name="VocabularySize">V, the rows of the token embedding.</param>
/// <param name="Hidden">d, the width of a layer.</param>
/// <param name="Layers">Number of layers.</param>
/// <param name="Heads">H, the query heads.</param>
/// <param name="KeyValueHeads">G, the key and value heads; they divide H (grouped-query attention, Ainslie et al. 2023).</param>
/// <param name="HeadSize">w, the width of a head; need not be d/H.</param>
/// <param name="Intermediate">Width between the feed-forward matrices.</param>
/// <param name="Positions">Positions that the model was trained on.</param>
/// <param name="NormEps">ε of every RMS norm.</param>
/// <param name="Rope">The rotary position embedding.</param>
/// <param name="QueryKeyValueBias">Whether q, k and v have biases.</param>
/// <param name="OutputBias">Whether o has one.</param>
/// <param name="FeedForwardBias">Whether gate, up and down have them.</param>
/// <param name="HeadNorms">Whether each head's query and key are normalised before rotation.</param>
/// <param name="TiedEmbeddings">Whether the output layer is the token embedding.</param>
/// <param name="Windows">For each layer the number of positions that a token sees, including itself; null: all before it.</param>
/// <param name="PadId">Pads batches; 0 if the model names no padding token.</param>
/// <param name="EndIds">Tokens that end an answer.</param>
/// <param name="Activation">The gate's activation: <c>silu</c>, or one of an encoder's.</param>
/// <param name="AttentionDropout">Dropout on attention probabilities; [0, 1).</param>
public sealed record DecoderConfig(DecoderFamily Family, int VocabularySize, int Hidden, int Layers, int Heads, int KeyValueHeads,
    int HeadSize, int Intermediate, int Positions,
    double NormEps, RopeSettings Rope, bool QueryKeyValueBias, bool OutputBias, bool FeedForwardBias, bool HeadNorms, bool TiedEmbeddings,
    IReadOnlyList<int?> Windows, int PadId, IReadOnlyList<int> EndIds, string Activation, double AttentionDropout)
    : ModelConfig(VocabularySize, Hidden, Layers, Heads, Intermediate, PadId, Activation, AttentionDropout, 0)
{
    private const int NoWindow = int.MaxValue;

    internal static IReadOnlyDictionary<string, DecoderFamily> Families { get; } = new Dictionary<string, DecoderFamily>
    {
        ["llama"] = DecoderFamily.Llama,
        ["mistral"] = DecoderFamily.Mistral,
        ["qwen2"] = DecoderFamily.Qwen2,
        ["qwen3"] = DecoderFamily.Qwen3,
    };

    /// <summary>Llama2-7b, for counting (Touvron et al. 2023; the paper's Tables 2 and 7).</summary>
    public static DecoderConfig Llama2With7B { get; } =
        new(DecoderFamily.Llama, 32000, 4096, 32, 32, 32, 128, 11008, 4096, 1e-5, RopeSettings.Plain(10000),
        false, false, false, false, false, new int?[32], 0, [2], "silu", 0);

    public override string ClassifierClass => $"{ClassPrefix}ForSequenceClassification";

    /// <summary>transformers' class for text generation with it.</summary>
    public string LanguageModelClass => $"{ClassPrefix}ForCausalLM";

    public override string Prefix => "model";

    public override string Module => Families.Single(family => family.Value == Family).Key;

    public override (int Count, int Width) KeyHeads => (KeyValueHeads, HeadSize);

    protected override int MostPositions => (int)Math.Min(int.MaxValue, Rope.Reach(Positions));

    /// <summary>Query width, H·w.</summary>
    public int QueryWidth => Heads * HeadSize;

    /// <summary>Key and value width, G·w.</summary>
    public int KeyValueWidth => KeyValueHeads * HeadSize;

    public override IEnumerable<(string Name, long[] Shape)> Tensors
    {
        get
        {
            long d = Hidden;
            yield return ($"{Prefix}.embed_tokens.weight", [VocabularySize, d]);
            foreach (var i in Enumerable.Range(0, Layers))
            {
                foreach (var (path, wide, high) in LinearsOf($"{i}"))
                {
                    yield return ($"{path}.weight", [high, wide]);
                    if (HasBias(path)) yield return ($"{path}.bias", [high]);
                }
                foreach (var norm in (string[])["input_layernorm", "post_attention_layernorm"])
                    yield return ($"{Prefix}.layers.{i}.{norm}.weight", [d]);
                if (!HeadNorms) continue;
                foreach (var norm in (string[])["q_norm", "k_norm"])
                    yield return ($"{Prefix}.layers.{i}.self_attn.{norm}.weight", [HeadSize]);
            }
            yield return ($"{Prefix}.norm.weight", [d]);
        }
    }

    public override (string First, long[] Shape, IReadOnlyList<(string Name, long[] Shape)> Others)? StoredHead => null;

    public override IReadOnlyList<(string Path, long In, long Out)> LinearsOf(string layer)
    {
        long d = Hidden, wide = Intermediate, q = QueryWidth, kv = KeyValueWidth;
        var path = $"{Prefix}.layers.{layer}";
        return
        [
            ($"{path}.self_attn.q_proj", d, q), ($"{path}.self_attn.k_proj", d, kv), ($"{path}.self_attn.v_proj", d, kv),
            ($"{path}.self_attn.o_proj", q, d),
            ($"{path}.mlp.gate_proj", d, wide), ($"{path}.mlp.up_proj", d, wide), ($"{path}.mlp.down_proj", wide, d),
        ];
    }

    internal bool HasBias(string path) => path.EndsWith(".o_proj", StringComparison.Ordinal) ? OutputBias : path.Contains(".self_attn.")
        ? QueryKeyValueBias
        : FeedForwardBias;

    private string ClassPrefix => Family switch
    {
        DecoderFamily.Llama => "Llama",
        DecoderFamily.Mistral => "Mistral",
        DecoderFamily.Qwen2 => "Qwen2",
        DecoderFamily.Qwen3 => "Qwen3",
    };

    /// <summary>Reads the fields that transformers' classes read, with their defaults.</summary>
    internal static DecoderConfig Read(DecoderFamily family, ConfigReader json)
    {
        int layers = json.Count("num_hidden_layers"), heads = json.Count("num_attention_heads"), hidden = json.Count("hidden_size"),
            vocabulary = json.Count("vocab_size");
        var groups = json.Count("num_key_value_heads", family is DecoderFamily.Mistral ? 8 : heads);
        json.Check(heads <= 0 || hidden <= 0 || hidden % heads == 0 || json.Has("head_dim"), "num_attention_heads",
            $"{heads} heads do not divide hidden_size {hidden}, and there is no head_dim");
        json.Check(heads <= 0 || groups <= 0 || heads % groups == 0, "num_key_value_heads",
            $"{groups} key and value heads do not divide {heads} heads");
        var headSize = json.Count("head_dim", family == DecoderFamily.Qwen3 ? 128 : Math.Max(1, hidden / Math.Max(1, heads)));
        json.Check(headSize % 2 == 0, "head_dim", $"must be even for rotary positions; it is {headSize}");
        var positions = json.Count("max_position_embeddings", family == DecoderFamily.Llama ? 2048 : 32768);
        var attentionBias = json.Flag("attention_bias");
        var pad = json.Whole("pad_token_id", 0);
        var config = new DecoderConfig(family, vocabulary, hidden, layers, heads, groups, headSize, json.Count("intermediate_size"),
            positions,
            json.Number("rms_norm_eps", 1e-6), RopeSettings.Read(json, headSize, positions), family == DecoderFamily.Qwen2 || attentionBias,
            family is not DecoderFamily.Qwen2 && attentionBias,
            json.Flag("mlp_bias"), family == DecoderFamily.Qwen3, json.Flag("tie_word_embeddings"), WindowsOf(family, json, layers),
            pad >= 0 && pad < vocabulary ? pad : 0, json.WholeOrSeveral("eos_token_id"),
            json.Text("hidden_act", "silu"), json.Share("attention_dropout", 0));
        json.Check(config.Activation is "silu" or "gelu" or "gelu_new" or "gelu_pytorch_tanh" or "relu", "hidden_act",
            $"'{config.Activation}' is not supported; supported are silu, gelu, gelu_new, gelu_pytorch_tanh, relu");
        json.Check(config.NormEps > 0, "rms_norm_eps", "must be above 0");
        json.Check(json.Section("quantization_config") is null, "quantization_config",
            "says that the weights are quantised already (GPTQ, AWQ, bitsandbytes), which is not read. Take the "
            + "model as it was before; training.weights keeps it in int8 or nf4");
        json.ThrowIfFaulty();
        return config;
    }

    /// <summary>Mistral's window applies to every layer. Qwen's applies to the layers from max_window_layers on, and only with
    /// use_sliding_window; layer_types lists them one by one.</summary>
    private static int?[] WindowsOf(DecoderFamily family, ConfigReader json, int layers)
    {
        var window = json.Whole("sliding_window", json.Has("sliding_window") ? NoWindow : 4096);
        json.Check(window > 0, "sliding_window", "must be above 0, or null");
        var none = new int?[Math.Max(0, layers)];
        if (window == NoWindow || family == DecoderFamily.Llama || (family != DecoderFamily.Mistral && !json.Flag("use_sliding_window")))
            return none;
        var full = family == DecoderFamily.Mistral ? 0 : json.Whole("max_window_layers", 28);
        if (json.Items("layer_types") is not { } types) return [.. none.Index().Select(layer => layer.Index >= full ? window : (int?)null)];
        string?[] named = [.. types.Select(type => type.ValueKind == JsonValueKind.String ? type.GetString() : null)];
        json.Check(named.Length == none.Length && named.All(type => type is "full_attention" or "sliding_attention"), "layer_types",
            $"must say full_attention or sliding_attention for each of {layers} layers");
        return [.. named.Select(type => type == "sliding_attention" ? window : (int?)null)];
    }
}
