using static TorchSharp.torch;

namespace LoraDrop.Engine;

/// <summary>Tokenized texts and what to predict for each: a class index, or a number.</summary>
public sealed record EncodedSet(IReadOnlyList<TokenizedText> Texts, IReadOnlyList<double> Labels)
{
    public int Count => Texts.Count;

    /// <summary>Tokens of each text, special tokens included.</summary>
    public IReadOnlyList<int> Lengths { get; } = [.. Texts.Select(t => t.Ids.Length)];

    public EncodedSet Subset(IReadOnlyList<int> indices) => new([.. indices.Select(i => Texts[i])], [.. indices.Select(i => Labels[i])]);

    public TokenBatch Batch(IReadOnlyList<int> indices, SequenceClassifier model) =>
        TokenBatch.Of([.. indices.Select(i => Texts[i])], model.Config.PadId, model.Device);

    /// <summary>Σ over the batch of the loss: cross entropy, or the squared error where there is one logit.</summary>
    public Tensor LossSum(Tensor logits, IReadOnlyList<int> indices)             // logits: (B, C)
    {
        using var scope = NewDisposeScope();
        var labels = tensor(indices.Select(i => Labels[i]).ToArray(), device: logits.device); // (B)
        var loss = logits.shape[1] == 1
            ? nn.functional.mse_loss(logits.squeeze(-1), labels.to(logits.dtype), nn.Reduction.Sum)
            : nn.functional.cross_entropy(logits, labels.to(ScalarType.Int64), reduction: nn.Reduction.Sum);
        return loss.MoveToOuterDisposeScope();
    }
}
