namespace LoraDrop.Engine.Models;

/// <summary>Supported encoder families.</summary>
public enum EncoderFamily
{
    /// <summary>BERT: positions from 0, two token types, a pooler before the classifier.</summary>
    Bert,

    /// <summary>RoBERTa and models that share its code (XLM-RoBERTa, CamemBERT): positions start after the padding id, the head has its own
    /// dense layer.</summary>
    Roberta,
}

/// <summary>An encoder's config.json.</summary>
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
public sealed record EncoderConfig(EncoderFamily Family, int VocabularySize, int Hidden, int Layers, int Heads, int Intermediate,
    int Positions,
    int TokenTypes, double LayerNormEps, int PadId, string Activation, double HiddenDropout, double AttentionDropout,
    double ClassifierDropout)
    : ModelConfig(VocabularySize, Hidden, Layers, Heads, Intermediate, PadId, Activation, AttentionDropout, ClassifierDropout)
{
    internal static IReadOnlyDictionary<string, EncoderFamily> Families { get; } = new Dictionary<string, EncoderFamily>
    {
        ["bert"] = EncoderFamily.Bert,
        ["roberta"] = EncoderFamily.Roberta,
        ["xlm-roberta"] = EncoderFamily.Roberta,
        ["camembert"] = EncoderFamily.Roberta,
    };

    /// <summary>roberta-base, for parameter counts and for benchmarks on random weights.</summary>
    public static EncoderConfig RobertaBase { get; } =
        new(EncoderFamily.Roberta, 50265, 768, 12, 12, 3072, 514, 1, 1e-5, 1, "gelu", 0.1, 0.1, 0.1);

    /// <summary>roberta-large, for parameter counts.</summary>
    public static EncoderConfig RobertaLarge { get; } = RobertaBase with { Hidden = 1024, Layers = 24, Heads = 16, Intermediate = 4096 };

    public override string ClassifierClass =>
        Family == EncoderFamily.Bert ? "BertForSequenceClassification" : "RobertaForSequenceClassification";

    public override string Prefix => Module;

    public override string Module => Family == EncoderFamily.Bert ? "bert" : "roberta";

    protected override int MostPositions => Family == EncoderFamily.Roberta ? Positions - PadId - 1 : Positions;

    public override IEnumerable<(string Name, long[] Shape)> Tensors
    {
        get
        {
            long d = Hidden;
            var embeddings = $"{Prefix}.embeddings";
            yield return ($"{embeddings}.word_embeddings.weight", [VocabularySize, d]);
            yield return ($"{embeddings}.position_embeddings.weight", [Positions, d]);
            yield return ($"{embeddings}.token_type_embeddings.weight", [TokenTypes, d]);
            string[] norms = [embeddings, .. Enumerable.Range(0, Layers)
                .SelectMany(i => (string[])[$"{Prefix}.encoder.layer.{i}.attention.output", $"{Prefix}.encoder.layer.{i}.output"])];
            foreach (var norm in norms)
                foreach (var half in (string[])["weight", "bias"]) yield return ($"{norm}.LayerNorm.{half}", [d]);
            foreach (var (path, wide, high) in Enumerable.Range(0, Layers).SelectMany(i => LinearsOf($"{i}")))
            {
                yield return ($"{path}.weight", [high, wide]);
                yield return ($"{path}.bias", [high]);
            }
        }
    }

    /// <summary>The head's dense layer is used, completely, if stored in its own shape; otherwise it is initialised.</summary>
    public override (string First, long[] Shape, IReadOnlyList<(string Name, long[] Shape)> Others)? StoredHead
    {
        get
        {
            var dense = Family == EncoderFamily.Bert ? "bert.pooler.dense" : "classifier.dense";
            return ($"{dense}.weight", [Hidden, Hidden], [($"{dense}.bias", [Hidden])]);
        }
    }

    public override IReadOnlyList<(string Path, long In, long Out)> LinearsOf(string layer)
    {
        long d = Hidden, wide = Intermediate;
        var path = $"{Prefix}.encoder.layer.{layer}";
        return
        [
            ($"{path}.attention.self.query", d, d), ($"{path}.attention.self.key", d, d), ($"{path}.attention.self.value", d, d),
            ($"{path}.attention.output.dense", d, d),
            ($"{path}.intermediate.dense", d, wide), ($"{path}.output.dense", wide, d),
        ];
    }

    internal static EncoderConfig Read(EncoderFamily family, ConfigReader json)
    {
        var hiddenDropout = json.Share("hidden_dropout_prob", 0.1);
        var config = new EncoderConfig(family, json.Count("vocab_size"), json.Count("hidden_size"), json.Count("num_hidden_layers"),
            json.Count("num_attention_heads"),
            json.Count("intermediate_size"), json.Count("max_position_embeddings"),
            json.Count("type_vocab_size", family == EncoderFamily.Bert ? 2 : 1),
            json.Number("layer_norm_eps", 1e-12), json.Whole("pad_token_id", family == EncoderFamily.Bert ? 0 : 1),
            json.Text("hidden_act", "gelu"),
            hiddenDropout, json.Share("attention_probs_dropout_prob", 0.1), json.Share("classifier_dropout", hiddenDropout));
        json.Check(config.Activation is "gelu" or "gelu_new" or "relu", "hidden_act",
            $"'{config.Activation}' is not supported; supported are gelu, gelu_new, relu");
        json.Check(config.LayerNormEps > 0, "layer_norm_eps", "must be above 0");
        json.Check(config.Heads <= 0 || config.Hidden <= 0 || config.Hidden % config.Heads == 0, "num_attention_heads",
            $"{config.Heads} heads do not divide hidden_size {config.Hidden}");
        json.Check(json.Text("position_embedding_type", "absolute") == "absolute", "position_embedding_type",
            "only absolute positions are supported");
        json.Check(!json.Flag("is_decoder"), "is_decoder", "an encoder used as a decoder is not supported");
        var padIsToken = config.PadId >= 0 && config.PadId < config.VocabularySize;
        json.Check(padIsToken || config.VocabularySize <= 0, "pad_token_id",
            $"must be a token id under vocab_size {config.VocabularySize}");
        json.Check(config.LongestText >= 3 || !padIsToken, "max_position_embeddings", "leaves no room for a text");
        json.ThrowIfFaulty();
        return config;
    }
}
