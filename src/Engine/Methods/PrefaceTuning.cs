using System.Text.Json.Nodes;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Methods;

/// <summary>A method that trains what the model reads before every text. PEFT stores what is read, not the network that makes it.</summary>
internal abstract class PrefaceTuning : Tuning
{
    /// <summary>PEFT's name of what is read; here that of the trained tensor where no network makes it.</summary>
    protected const string Stored = "prompt_embeddings";

    private readonly PrefaceSettings _settings;

    protected PrefaceTuning(Placement at, PrefaceSettings settings) : base(at)
    {
        _settings = settings;
        if (settings.RoomFault(settings.Section, at.Model.Config.LongestText) is { } tooMany) throw new RefusedInputException([tooMany]);
    }

    /// <summary>PEFT wraps no module of the model, and so names the head without "model.".</summary>
    public override string HeadPrefix => "base_model.";

    public override string WhyNotMerged => "what its method puts before a text is no weight of the model";

    public override IReadOnlyDictionary<string, JsonNode?> PeftFields => new Dictionary<string, JsonNode?>
    {
        ["num_attention_heads"] = At.Model.Config.Heads,
        ["num_layers"] = At.Model.Config.Layers,
        ["num_transformer_submodules"] = 1,
        ["num_virtual_tokens"] = _settings.Tokens,
        ["token_dim"] = At.Model.Config.Hidden,
    };

    public override void Place(FlatParameters values) => At.Model.Preface = PrefaceOf(values);

    public override void Remove() => At.Model.Preface = null;

    public override IReadOnlyDictionary<string, Tensor> Expanded(FlatParameters values)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return new Dictionary<string, Tensor> { [Stored] = Read(values).contiguous().MoveToOuterDisposeScope() }; // (P, ·)
    }

    /// <summary>What is put before every text.</summary>
    protected abstract Preface PrefaceOf(FlatParameters values);

    /// <summary>Its numbers, a row for each virtual token (P, ·).</summary>
    protected abstract Tensor Read(FlatParameters values);

    /// <summary>The virtual tokens of a configuration of PEFT.</summary>
    protected static int TokensIn(PeftConfig config) => config.Rank("num_virtual_tokens");

    /// <summary>N(0, 1), torch's initialisation of embeddings.</summary>
    protected static Tensor Normal(long[] shape, long seed, string name) => InitialValues.Normal(shape, 1, seed, name);

    /// <summary>The weight and the bias of a layer from d to k with torch's initialisation: uniform in ±1/√d.</summary>
    protected static IEnumerable<TrainedTensor> LinearOf(string name, long d, long k)
    {
        Tensor Initial(long[] shape, long seed, string tensor) => InitialValues.Uniform(shape, 1 / Math.Sqrt(d), seed, tensor);
        return [new($"{name}.weight", [k, d]) { Initial = Initial }, new($"{name}.bias", [k]) { Initial = Initial }];
    }

    protected static Tensor Linear(Tensor x, FlatParameters values, string name) =>
        nn.functional.linear(x, values[$"{name}.weight"], values[$"{name}.bias"]);

    /// <summary>Words made anew for every pass.</summary>
    protected sealed class Spoken(int tokens, Func<Tensor> words) : Preface
    {
        public override int Length => tokens;

        public override Tensor Words() => words();
    }
}

/// <summary>Prompt tuning: e = [P; X], the trained P before the embedded text X (Lester et al. 2021, section 2).</summary>
internal sealed class PromptTuning(Placement at, PromptTuningSettings settings) : PrefaceTuning(at, settings)
{
    public override IReadOnlyList<TrainedTensor> Trained =>
    [
        new(Stored, [settings.Tokens, At.Model.Config.Hidden]) { Initial = settings.Start == PromptStart.Random ? Normal : OfVocabulary },
    ];

    public override IReadOnlyDictionary<string, JsonNode?> PeftFields => new Dictionary<string, JsonNode?>(base.PeftFields)
    {
        ["peft_type"] = "PROMPT_TUNING",
        ["prompt_tuning_init"] = "RANDOM", // how it started is no matter any more, and the others need a tokenizer
        ["prompt_tuning_init_text"] = null,
        ["tokenizer_kwargs"] = null,
        ["tokenizer_name_or_path"] = null,
    };

    /// <summary>The settings of prompt tuning, or of P-tuning, of which only the outputs are stored.</summary>
    public static PromptTuningSettings Of(PeftConfig config) => new() { Tokens = TokensIn(config) };

    protected override Preface PrefaceOf(FlatParameters values) => new Spoken(settings.Tokens, () => Read(values));

    protected override Tensor Read(FlatParameters values) => values[Stored];     // (P, d)

    private Tensor OfVocabulary(long[] shape, long seed, string name)            // (P, d)
    {
        using var scope = NewDisposeScope();
        var (random, V) = (SplitMix64.For(seed, name), At.Model.Config.VocabularySize);
        var ids = tensor([.. Enumerable.Range(0, settings.Tokens).Select(_ => (long)random.NextBelow(V))], device: At.Model.Device); // (P)
        return At.Model.Backbone.Word.Frozen.index_select(0, ids).to(ScalarType.Float32).MoveToOuterDisposeScope(); // (P, d)
    }
}

/// <summary>Prefix tuning: the keys and values of P virtual tokens before those of the text, in every layer (Li and Liang 2021, section
/// 4.2).</summary>
internal sealed class PrefixTuning(Placement at, PrefixTuningSettings settings) : PrefaceTuning(at, settings)
{
    private const string Embedding = "prompt_encoder.embedding.weight", Inner = "prompt_encoder.transform.0",
        Outer = "prompt_encoder.transform.2";

    private (int Count, int Width) Heads => At.Model.Config.KeyHeads;

    /// <summary>2·G·w: a key and a value of one token in one layer.</summary>
    private long Numbers => 2L * Heads.Count * Heads.Width;

    public override IReadOnlyList<TrainedTensor> Trained => settings.Projection is { } h
        ? [
            new(Embedding, [settings.Tokens, Numbers / 2]) { Initial = Normal },
            .. LinearOf(Inner, Numbers / 2, h), .. LinearOf(Outer, h, At.Model.Config.Layers * Numbers),
        ]
        : [new(Stored, [settings.Tokens, At.Model.Config.Layers * Numbers]) { Initial = Normal }];

    /// <summary>In PEFT's form a model of grouped queries is described by its groups.</summary>
    public override IReadOnlyDictionary<string, JsonNode?> PeftFields => new Dictionary<string, JsonNode?>(base.PeftFields)
    {
        ["encoder_hidden_size"] = settings.Projection ?? Numbers / 2,
        ["init_weights"] = null,
        ["num_attention_heads"] = Heads.Count,
        ["peft_type"] = "PREFIX_TUNING",
        ["prefix_projection"] = settings.Projection is not null,
        ["token_dim"] = Numbers / 2,
    };

    /// <summary>The settings of prefix tuning; of a projection only the outputs are stored.</summary>
    public static PrefixTuningSettings Of(PeftConfig config) => new() { Tokens = TokensIn(config) };

    protected override Preface PrefaceOf(FlatParameters values) => new Seen(this, values);

    protected override Tensor Read(FlatParameters values) =>                     // (P, L·2·G·w)
        cat([.. Enumerable.Range(0, At.Model.Config.Layers).Select(layer => Rows(values, layer))], 1);

    /// <summary>Keys and values of one layer: MLP(e), or the trained numbers themselves.</summary>
    private Tensor Rows(FlatParameters values, int layer)                        // (P, 2·G·w)
    {
        using var scope = NewDisposeScope();
        if (settings.Projection is null) return values[Stored].narrow(1, layer * Numbers, Numbers).MoveToOuterDisposeScope();
        var inner = Linear(values[Embedding], values, Inner).tanh();             // (P, h)
        var (W, b) = (values[$"{Outer}.weight"], values[$"{Outer}.bias"]);       // (L·2·G·w, h), (L·2·G·w)
        return nn.functional.linear(inner, W.narrow(0, layer * Numbers, Numbers), b.narrow(0, layer * Numbers, Numbers))
            .MoveToOuterDisposeScope();
    }

    private sealed class Seen(PrefixTuning tuning, FlatParameters values) : Preface
    {
        public override int Length => (int)tuning.Trained[0].Shape[0];

        public override bool HasKeys => true;

        public override KeysAndValues Of(int layer)
        {
            using var scope = NewDisposeScope();
            var both = tuning.Rows(values, layer).view(Length, 2, tuning.Heads.Count, tuning.Heads.Width); // (P, 2, G, w)
            Tensor Half(int half) => both.select(1, half).transpose(0, 1).MoveToOuterDisposeScope(); // (G, P, w)
            return new(Half(0), Half(1));
        }
    }
}
