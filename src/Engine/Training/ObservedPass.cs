using static TorchSharp.torch;

namespace LoraDrop.Engine.Training;

/// <summary>One forward pass over texts, without gradients or dropout, in which the inputs of linear layers are observed.</summary>
internal static class ObservedPass
{
    /// <summary>Passes the texts through the model, the longest first.</summary>
    /// <param name="model">The model.</param>
    /// <param name="texts">The texts.</param>
    /// <param name="batchSize">Texts per batch.</param>
    /// <param name="observed">The layers, whose observers are removed at the end.</param>
    /// <param name="watch">Sets the observers for a batch, of which it gets the texts' numbers, and 1 for each token that is no padding,
    /// else 0: (N), float64.</param>
    /// <param name="cancel">Ends the pass.</param>
    public static void Over(FrozenModel model, EncodedSet texts, int batchSize, IReadOnlyList<Linear> observed,
        Action<TokenBatch, IReadOnlyList<int>, Tensor> watch, CancellationToken cancel)
    {
        using var _ = no_grad();
        model.Masks.Off();
        try
        {
            foreach (var indices in Batches.LongestFirst(texts.Lengths, batchSize))
            {
                cancel.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                using var batch = texts.Batch(indices, model);
                watch(batch, indices, batch.Mask.to(ScalarType.Float64).view(-1)); // (N)
                model.Backbone.Forward(batch);
            }
        }
        finally
        {
            foreach (var layer in observed) layer.Observer = null;
        }
    }
}
