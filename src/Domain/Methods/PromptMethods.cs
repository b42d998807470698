using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>Settings of a method that trains what the model reads before every text.</summary>
public abstract record PrefaceSettings : MethodSettings
{
    /// <summary>A text has at least as many tokens: the least of <c>training.maxLength</c>.</summary>
    private const int ShortestText = 4;

    /// <summary>Virtual tokens before every text; at least 1, default 20 (Lester et al. 2021, section 3.2: little is gained
    /// beyond). They take positions of the model, and leave at least 4 for the text.</summary>
    public int Tokens { get; init; } = 20;

    [JsonIgnore]
    public override IReadOnlyList<long> Sizes => [Tokens];

    [JsonIgnore]
    public override int TokensBefore => Tokens;

    public override IEnumerable<Fault> Faults(string path)
    {
        if (Tokens < 1) yield return new($"{path}.tokens", $"must be at least 1; got {Tokens}");
    }

    public override IEnumerable<Fault> ModelFaults(string path, ModelSummary model) =>
        RoomFault(path, model.LongestText) is { } tooMany ? [tooMany] : [];

    /// <summary>The fault of tokens that leave no room for a text.</summary>
    /// <param name="path">The settings' path in the request.</param>
    /// <param name="positions">Positions of the model.</param>
    public Fault? RoomFault(string path, int positions) => Tokens <= positions - ShortestText ? null : new($"{path}.tokens",
        $"must be at most {positions - ShortestText}: they take positions of the model, which has {positions}, and leave {ShortestText} "
        + $"for the text; got {Tokens}");

    public sealed override TrainedNumbers Count(SharingPlan plan, Func<Site, LinearModule> layer, ModelSummary? model) =>
        new(model is null ? 0 : TrainedFor(model), 0);

    /// <summary>How many numbers are trained for a model.</summary>
    protected abstract long TrainedFor(ModelSummary model);
}

/// <summary>Methods that train what the model reads before every text.</summary>
public abstract class PrefaceMethod<TSettings> : Method<TSettings> where TSettings : PrefaceSettings, new()
{
    public sealed override Placing Placing => Placing.BeforeText;

    public sealed override MethodExport Export => MethodExport.Peft;

    internal override TSettings Read(JsonFields fields, TSettings defaults) =>
        defaults with { Tokens = fields.Integer("tokens") ?? defaults.Tokens };
}

/// <summary>Where the virtual tokens of prompt tuning start.</summary>
public enum PromptStart
{
    /// <summary>The embeddings of tokens of the vocabulary, drawn by the run's seed (Lester et al. 2021, section 3.2).</summary>
    Vocabulary,

    /// <summary>Standard normal numbers, as in PEFT.</summary>
    Random,
}

/// <summary>Prompt tuning: trained embeddings before those of every text (Lester et al. 2021, section 2).</summary>
public sealed record PromptTuningSettings : PrefaceSettings
{
    /// <summary>Where the embeddings start; default <c>vocabulary</c>.</summary>
    public PromptStart Start { get; init; } = PromptStart.Vocabulary;

    protected override long TrainedFor(ModelSummary model) => (long)Tokens * model.Hidden;
}

/// <summary>Embeddings before every text.</summary>
public sealed class PromptTuningMethod : PrefaceMethod<PromptTuningSettings>
{
    public override string Name => "prompt-tuning";

    public override string Title => "Prompt tuning";

    public override string Summary => "The embeddings of virtual tokens, which the model reads before every text.";

    public override string Source => "Lester et al. 2021, arXiv 2104.08691";

    /// <summary>That of PEFT's example for causal language models.</summary>
    public override double? LearningRate => 3e-2;

    internal override PromptTuningSettings Read(JsonFields fields, PromptTuningSettings defaults) => base.Read(fields, defaults) with
    {
        Start = fields.Choice<PromptStart>("start") ?? defaults.Start,
    };
}

/// <summary>What makes P-tuning's embeddings.</summary>
public enum PromptEncoderKind
{
    /// <summary>Three layers with ReLU between them, each token for itself.</summary>
    Mlp,

    /// <summary>A bidirectional LSTM over the virtual tokens, then two layers with ReLU between them.</summary>
    Lstm,
}

/// <summary>P-tuning: prompt tuning whose embeddings a small network makes of others (Liu et al. 2021, section 3.2). The network is not
/// needed after training: its outputs are exported.</summary>
public sealed record PTuningSettings : PrefaceSettings
{
    /// <summary>The network; default <c>mlp</c> (PEFT's).</summary>
    public PromptEncoderKind Encoder { get; init; } = PromptEncoderKind.Mlp;

    /// <summary>h, its inner width, of each direction of the LSTM; at least 1, default 128 (PEFT's example).</summary>
    public int Width { get; init; } = 128;

    /// <summary>Layers of the LSTM; at least 1, default 2. It does not apply to <c>mlp</c>, which has two inner layers.</summary>
    public int LstmLayers { get; init; } = 2;

    [JsonIgnore]
    public override IReadOnlyList<long> Sizes => [Tokens, Width, LstmLayers];

    public override IEnumerable<Fault> Faults(string path)
    {
        if (Width < 1) yield return new($"{path}.width", $"must be at least 1; got {Width}");
        if (LstmLayers < 1) yield return new($"{path}.lstmLayers", $"must be at least 1; got {LstmLayers}");
        foreach (var fault in base.Faults(path)) yield return fault;
    }

    /// <summary>The embeddings and the network, in and out of the width d.</summary>
    protected override long TrainedFor(ModelSummary model)
    {
        static long Linear(long from, long to) => from * to + to;
        long d = model.Hidden, h = Width;
        if (Encoder == PromptEncoderKind.Mlp) return Tokens * d + Linear(d, h) + Linear(h, h) + Linear(h, d);
        // four gates, each with a weight for the input and for the last output, and two biases
        long Direction(long from) => 4 * h * (from + h + 2);
        var lstm = 2 * (Direction(d) + (LstmLayers - 1) * Direction(2 * h));
        return Tokens * d + lstm + Linear(2 * h, 2 * h) + Linear(2 * h, d);
    }
}

/// <summary>Embeddings before every text, made by a network.</summary>
public sealed class PTuningMethod : PrefaceMethod<PTuningSettings>
{
    public override string Name => "p-tuning";

    public override string Title => "P-tuning";

    public override string Summary => "A network that makes the embeddings of virtual tokens, which the model reads before every text.";

    public override string Source => "Liu et al. 2021, arXiv 2103.10385";

    /// <summary>That of PEFT's example for sequence classification.</summary>
    public override double? LearningRate => 1e-3;

    internal override PTuningSettings Read(JsonFields fields, PTuningSettings defaults) => base.Read(fields, defaults) with
    {
        Encoder = fields.Choice<PromptEncoderKind>("encoder") ?? defaults.Encoder,
        Width = fields.Integer("width") ?? defaults.Width,
        LstmLayers = fields.Integer("lstmLayers") ?? defaults.LstmLayers,
    };
}

/// <summary>Prefix tuning: trained keys and values before those of every text, in every layer (Li and Liang 2021, section 4.2).</summary>
public sealed record PrefixTuningSettings : PrefaceSettings
{
    /// <summary>The inner width of the network that makes the prefix of embeddings (Li and Liang 2021, section 4.3); at least 1, default
    /// null: the prefix itself is trained. The network is not needed after training: its outputs are exported.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Projection { get; init; }

    /// <summary>None: their keys and values are there already.</summary>
    [JsonIgnore]
    public override int WordsBefore => 0;

    [JsonIgnore]
    public override IReadOnlyList<long> Sizes => [Tokens, Projection ?? 0];

    public override IEnumerable<Fault> Faults(string path)
    {
        if (Projection < 1) yield return new($"{path}.projection", $"must be at least 1; got {Projection}");
        foreach (var fault in base.Faults(path)) yield return fault;
    }

    /// <summary>A key and a value for each token, layer and group of heads; or what they are made of.</summary>
    protected override long TrainedFor(ModelSummary model)
    {
        var width = TargetLayers.Chosen(["k"], model.Modules).Select(key => key.Out).FirstOrDefault(model.Hidden);
        var numbers = 2 * width * model.Layers;
        return Projection is { } h ? Tokens * width + width * h + h + h * numbers + numbers : Tokens * numbers;
    }
}

/// <summary>Keys and values before every text.</summary>
public sealed class PrefixTuningMethod : PrefaceMethod<PrefixTuningSettings>
{
    public override string Name => "prefix-tuning";

    public override string Title => "Prefix tuning";

    public override string Summary => "Keys and values in every layer, which stand before those of every text.";

    public override string Source => "Li and Liang 2021, arXiv 2101.00190";

    /// <summary>That of PEFT's example for generation.</summary>
    public override double? LearningRate => 1e-2;

    internal override PrefixTuningSettings Read(JsonFields fields, PrefixTuningSettings defaults) => base.Read(fields, defaults) with
    {
        Projection = fields.Integer("projection"),
    };
}
