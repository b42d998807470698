using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>Maps the hidden state of one token of a text to logits; one logit is a regression.</summary>
public abstract class ClassificationHead
{
    /// <summary>The layers trained by fine-tuning, under their checkpoint names.</summary>
    public abstract IReadOnlyList<Linear> Trained { get; }

    /// <summary>All its layers.</summary>
    public abstract IReadOnlyList<Linear> All { get; }

    /// <summary>The modules that PEFT must save besides the LoRAs.</summary>
    public abstract IReadOnlyList<string> ModulesToSave { get; }

    public abstract Tensor Forward(Tensor hidden, TokenBatch batch);             // (B, T, d) → (B, C)

    /// <summary>Creates a family's head; layers missing from the checkpoint are initialised from the seed.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="weights">The checkpoint.</param>
    /// <param name="classes">Number of logits.</param>
    /// <param name="order">For each logit its row of the stored output layer; null: initialise that layer.</param>
    /// <param name="seed">Seeds initialised layers.</param>
    /// <param name="masks">Source of dropout masks.</param>
    internal static ClassificationHead From(
        ModelConfig config, OwnedWeights weights, int classes, IReadOnlyList<int>? order, long seed, DropoutMasks masks) => config switch
    {
        EncoderConfig { Family: EncoderFamily.Roberta } => new RobertaHead(config, weights, classes, order, seed, masks),
        EncoderConfig { Family: EncoderFamily.Bert } => new BertHead(config, weights, classes, order, seed, masks),
        DecoderConfig => new LastTokenHead(config, weights, classes, order, seed),
        _ => throw new ArgumentException($"no head for {config.Module}", nameof(config)),
    };

    /// <summary>The path of the output layer.</summary>
    internal static string OutputOf(ModelConfig config) => config switch
    {
        EncoderConfig { Family: EncoderFamily.Roberta } => "classifier.out_proj",
        EncoderConfig { Family: EncoderFamily.Bert } => "classifier",
        DecoderConfig => "score",
        _ => throw new ArgumentException($"no head for {config.Module}", nameof(config)),
    };

    /// <summary>The output layer: the stored one's rows in this order, or a new one.</summary>
    private protected static Linear Output(
        ModelConfig config, OwnedWeights weights, long k, IReadOnlyList<int>? order, long seed, bool bias = true)
    {
        var (path, d) = (OutputOf(config), (long)config.Hidden);
        if (order is null) return Fresh(weights, path, d, k, seed, bias);
        if (order.Index().All(row => row.Index == row.Item)) return Linear.OfHead(weights, path, d, k, bias);
        using var scope = NewDisposeScope();
        Parameter Ordered(string name, params long[] shape)
        {
            var stored = weights.Take(name, shape);                              // (k, …)
            var rows = tensor([.. order.Select(row => (long)row)], device: stored.device); // (k)
            return weights.Own(name, stored.index_select(0, rows));              // (k, …)
        }
        return new(path, new FloatMatrix(Ordered($"{path}.weight", k, d)), bias ? Ordered($"{path}.bias", k) : null);
    }

    /// <summary>A stored layer of this shape, or a new one.</summary>
    private protected static Linear StoredOrFresh(OwnedWeights weights, string path, long d, long k, long seed) =>
        weights.Contains($"{path}.weight") && weights.ShapeOf($"{path}.weight").SequenceEqual([k, d])
            ? Linear.OfHead(weights, path, d, k) : Fresh(weights, path, d, k, seed, bias: true);

    /// <summary>W ~ N(0, 0.02²), b = 0, transformers' initialisation of heads.</summary>
    private static Linear Fresh(OwnedWeights weights, string path, long d, long k, long seed, bool bias)
    {
        using var scope = NewDisposeScope();
        return new(path, new FloatMatrix(weights.Own($"{path}.weight", InitialValues.Normal([k, d], 0.02, seed, path))), // (k, d)
            bias ? weights.Own($"{path}.bias", zeros(k)) : null);                // (k)
    }
}

/// <summary>RoBERTa's head: dropout, dense, tanh, dropout, projection.</summary>
internal sealed class RobertaHead(
    ModelConfig config, OwnedWeights weights, int classes, IReadOnlyList<int>? order, long seed, DropoutMasks masks) : ClassificationHead
{
    private readonly Linear _dense = StoredOrFresh(weights, "classifier.dense", config.Hidden, config.Hidden, seed);
    private readonly Linear _output = Output(config, weights, classes, order, seed);

    public override IReadOnlyList<Linear> Trained => All;

    public override IReadOnlyList<Linear> All => [_dense, _output];

    public override IReadOnlyList<string> ModulesToSave => ["classifier", "score"];

    public override Tensor Forward(Tensor hidden, TokenBatch batch)              // (B, T, d)
    {
        using var scope = NewDisposeScope();
        var first = hidden.select(1, 0).to(_dense.Weight.dtype);                 // (B, d)
        var x = _dense.Forward(masks.Drop(first, config.ClassifierDropout)).tanh(); // (B, d)
        return _output.Forward(masks.Drop(x, config.ClassifierDropout)).MoveToOuterDisposeScope(); // (B, C)
    }
}

/// <summary>BERT's head: the pooler (dense, tanh), dropout, projection.</summary>
/// <remarks>A pooler in the checkpoint stays frozen, as in PEFT; a missing one is random, and so is trained and saved with the
/// head.</remarks>
internal sealed class BertHead(
    ModelConfig config, OwnedWeights weights, int classes, IReadOnlyList<int>? order, long seed, DropoutMasks masks) : ClassificationHead
{
    private const string Pooler = "bert.pooler.dense";

    private readonly bool _poolerIsStored = weights.Contains($"{Pooler}.weight");
    private readonly Linear _pooler = StoredOrFresh(weights, Pooler, config.Hidden, config.Hidden, seed);
    private readonly Linear _output = Output(config, weights, classes, order, seed);

    public override IReadOnlyList<Linear> Trained => _poolerIsStored ? [_output] : All;

    public override IReadOnlyList<Linear> All => [_pooler, _output];

    public override IReadOnlyList<string> ModulesToSave => _poolerIsStored ? ["classifier", "score"] : ["classifier", "score", "pooler"];

    public override Tensor Forward(Tensor hidden, TokenBatch batch)              // (B, T, d)
    {
        using var scope = NewDisposeScope();
        var first = hidden.select(1, 0).to(_pooler.Weight.dtype);                // (B, d)
        var pooled = _pooler.Forward(first).tanh().to(_output.Weight.dtype);     // (B, d)
        return _output.Forward(masks.Drop(pooled, config.ClassifierDropout)).MoveToOuterDisposeScope(); // (B, C)
    }
}

/// <summary>A decoder's head: a projection without bias of the last token, which has seen the whole text.</summary>
internal sealed class LastTokenHead(
    ModelConfig config, OwnedWeights weights, int classes, IReadOnlyList<int>? order, long seed) : ClassificationHead
{
    private readonly Linear _score = Output(config, weights, classes, order, seed, bias: false);

    public override IReadOnlyList<Linear> Trained => All;

    public override IReadOnlyList<Linear> All => [_score];

    public override IReadOnlyList<string> ModulesToSave => ["classifier", "score"];

    public override Tensor Forward(Tensor hidden, TokenBatch batch)              // (B, T, d)
    {
        using var scope = NewDisposeScope();
        var last = hidden.flatten(0, 1).index_select(0, batch.LastTokens);       // (B, d)
        return _score.Forward(last.to(_score.Weight.dtype)).MoveToOuterDisposeScope(); // (B, C)
    }
}
