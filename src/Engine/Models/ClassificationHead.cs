using static TorchSharp.torch;

namespace LoraDrop.Engine;

/// <summary>From the first token's hidden state to logits; one logit is a regression.</summary>
public abstract class ClassificationHead
{
    /// <summary>The layers that fine-tuning trains, by the names of the checkpoint.</summary>
    public abstract IReadOnlyList<Linear> Trained { get; }

    /// <summary>All its layers.</summary>
    public abstract IReadOnlyList<Linear> All { get; }

    /// <summary>The modules that PEFT is told to save beside the LoRAs.</summary>
    public abstract IReadOnlyList<string> ModulesToSave { get; }

    public abstract Tensor Forward(Tensor hidden);                               // (B, T, d) → (B, C)

    /// <summary>The head of a family; what the checkpoint lacks, or holds for another number of classes, starts fresh from the seed.</summary>
    internal static ClassificationHead From(ModelConfig config, OwnedWeights weights, int classes, long seed, DropoutMasks masks) => config.Family switch
    {
        EncoderFamily.Roberta => new RobertaHead(config, weights, classes, seed, masks),
        EncoderFamily.Bert => new BertHead(config, weights, classes, seed, masks),
    };

    /// <summary>A stored layer, or a fresh one: W ~ N(0, 0.02²), b = 0, as transformers starts a head.</summary>
    private protected static Linear StoredOrFresh(OwnedWeights weights, string path, long d, long k, long seed)
    {
        if (weights.Contains($"{path}.weight") && weights.ShapeOf($"{path}.weight").SequenceEqual([k, d])) return Linear.From(weights, path, d, k);
        return new(path, weights.Own(InitialValues.Normal([k, d], 0.02, seed, path)), weights.Own(zeros(k)));
    }
}

/// <summary>RoBERTa's head: dropout, dense, tanh, dropout, projection.</summary>
internal sealed class RobertaHead(ModelConfig config, OwnedWeights weights, int classes, long seed, DropoutMasks masks) : ClassificationHead
{
    private readonly Linear _dense = StoredOrFresh(weights, "classifier.dense", config.Hidden, config.Hidden, seed);
    private readonly Linear _output = StoredOrFresh(weights, "classifier.out_proj", config.Hidden, classes, seed);

    public override IReadOnlyList<Linear> Trained => All;

    public override IReadOnlyList<Linear> All => [_dense, _output];

    public override IReadOnlyList<string> ModulesToSave => ["classifier", "score"];

    public override Tensor Forward(Tensor hidden)                                // (B, T, d)
    {
        using var scope = NewDisposeScope();
        var first = hidden.select(1, 0).to(_dense.Weight.dtype);                 // (B, d)
        var x = _dense.Forward(masks.Drop(first, config.ClassifierDropout)).tanh(); // (B, d)
        return _output.Forward(masks.Drop(x, config.ClassifierDropout)).MoveToOuterDisposeScope(); // (B, C)
    }
}

/// <summary>BERT's head: the pooler (dense, tanh), dropout, projection.</summary>
/// <remarks>A pooler that the checkpoint holds stays frozen, as in PEFT; one that it lacks is random, and so is trained and saved with the head.</remarks>
internal sealed class BertHead(ModelConfig config, OwnedWeights weights, int classes, long seed, DropoutMasks masks) : ClassificationHead
{
    private const string Pooler = "bert.pooler.dense";

    private readonly bool _poolerIsStored = weights.Contains($"{Pooler}.weight");
    private readonly Linear _pooler = StoredOrFresh(weights, Pooler, config.Hidden, config.Hidden, seed);
    private readonly Linear _output = StoredOrFresh(weights, "classifier", config.Hidden, classes, seed);

    public override IReadOnlyList<Linear> Trained => _poolerIsStored ? [_output] : All;

    public override IReadOnlyList<Linear> All => [_pooler, _output];

    public override IReadOnlyList<string> ModulesToSave => _poolerIsStored ? ["classifier", "score"] : ["classifier", "score", "pooler"];

    public override Tensor Forward(Tensor hidden)                                // (B, T, d)
    {
        using var scope = NewDisposeScope();
        var first = hidden.select(1, 0).to(_pooler.Weight.dtype);                // (B, d)
        var pooled = _pooler.Forward(first).tanh().to(_output.Weight.dtype);     // (B, d)
        return _output.Forward(masks.Drop(pooled, config.ClassifierDropout)).MoveToOuterDisposeScope(); // (B, C)
    }
}
