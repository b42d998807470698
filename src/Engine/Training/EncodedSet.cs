using static TorchSharp.torch;

namespace LoraDrop.Engine.Training;

/// <summary>Tokenized texts with their training targets.</summary>
public abstract record EncodedSet(IReadOnlyList<TokenizedText> Texts)
{
    public int Count => Texts.Count;

    /// <summary>Number of tokens in each text, including special tokens.</summary>
    public IReadOnlyList<int> Lengths { get; } = [.. Texts.Select(t => t.Ids.Length)];

    /// <summary>The texts of a batch, packed into one row.</summary>
    public TokenBatch Packed(IReadOnlyList<int> indices, FrozenModel model) =>
        TokenBatch.Packed([.. indices.Select(i => Texts[i])], model.Device);

    /// <summary>The texts of a batch, one per row.</summary>
    public TokenBatch Batch(IReadOnlyList<int> indices, FrozenModel model) =>
        TokenBatch.Of([.. indices.Select(i => Texts[i])], model.Config.PadId, model.Device);

    /// <summary>Some of the texts.</summary>
    public abstract EncodedSet Subset(IReadOnlyList<int> indices);

    /// <summary>The number of terms in the mean loss: texts, or target tokens.</summary>
    public abstract long TermsIn(IReadOnlyList<int> indices);

    /// <summary>Σ of the loss over a batch.</summary>
    /// <param name="model">A model with the head for this kind of set.</param>
    /// <param name="batch">The texts.</param>
    /// <param name="indices">Their indices.</param>
    public abstract Tensor LossSum(FrozenModel model, TokenBatch batch, IReadOnlyList<int> indices);
}

/// <summary>Texts with a label each: a class index, or a number.</summary>
public sealed record LabelledSet(IReadOnlyList<TokenizedText> Texts, IReadOnlyList<double> Labels) : EncodedSet(Texts)
{
    public override LabelledSet Subset(IReadOnlyList<int> indices) =>
        new([.. indices.Select(i => Texts[i])], [.. indices.Select(i => Labels[i])]);

    public override long TermsIn(IReadOnlyList<int> indices) => indices.Count;

    public override Tensor LossSum(FrozenModel model, TokenBatch batch, IReadOnlyList<int> indices)
    {
        using var scope = NewDisposeScope();
        return LossSum(((SequenceClassifier)model).Forward(batch), indices).MoveToOuterDisposeScope();
    }

    /// <summary>Σ over the batch of the loss: cross entropy, or the squared error if there is one logit.</summary>
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

/// <summary>Texts trained on some of their tokens: the model reads the others, and only these are scored.</summary>
/// <param name="Texts">Prompt followed by target.</param>
/// <param name="Learnt">For each text the positions of the tokens trained on, ascending; never the first.</param>
public sealed record TargetSet(IReadOnlyList<TokenizedText> Texts, IReadOnlyList<int[]> Learnt) : EncodedSet(Texts)
{
    /// <summary>Remarks for the user: what was truncated, dropped, or not trained on.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    public override TargetSet Subset(IReadOnlyList<int> indices) =>
        new([.. indices.Select(i => Texts[i])], [.. indices.Select(i => Learnt[i])]);

    public override long TermsIn(IReadOnlyList<int> indices) => indices.Sum(i => (long)Learnt[i].Length);

    /// <summary>Σ −log p(token | all before it) over the tokens trained on.</summary>
    public override Tensor LossSum(FrozenModel model, TokenBatch batch, IReadOnlyList<int> indices)
    {
        using var scope = NewDisposeScope();
        var learnt = indices.SelectMany((i, text) =>
            Learnt[i].Select(t => (Place: batch.PlaceOf(text, t - 1), Next: (long)Texts[i].Ids[t]))).ToArray();
        Tensor places = tensor(learnt.Select(l => l.Place).ToArray(), device: model.Device),
            next = tensor(learnt.Select(l => l.Next).ToArray(), device: model.Device); // (M)
        return ((LanguageModel)model).LossSum(batch, places, next).MoveToOuterDisposeScope();
    }
}
