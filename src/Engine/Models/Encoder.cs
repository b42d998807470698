using static TorchSharp.torch;

namespace LoraDrop.Engine;

/// <summary>The BERT and RoBERTa encoder: embeddings, then layers of attention and feed-forward.</summary>
public sealed class Encoder
{
    private readonly (SelfAttention Attention, FeedForward FeedForward)[] _layers;

    public Encoder(ModelConfig config, IWeights weights, DropoutMasks masks)
    {
        Embeddings = new(config, weights, $"{config.Prefix}.embeddings", masks);
        _layers = [.. Enumerable.Range(0, config.Layers).Select(i => $"{config.Prefix}.encoder.layer.{i}").Select(path =>
            (new SelfAttention(config, weights, $"{path}.attention", masks), new FeedForward(config, weights, path, masks)))];
    }

    public Embeddings Embeddings { get; }

    /// <summary>The linear layers of layer i, where adapters can sit.</summary>
    public IEnumerable<Linear> LinearsOf(int i) => [.. _layers[i].Attention.Linears, .. _layers[i].FeedForward.Linears];

    /// <param name="batch">Texts.</param>
    /// <param name="hidden">Receives the output of the embeddings and of every layer, if given; the receiver owns them.</param>
    public Tensor Forward(TokenBatch batch, IList<Tensor>? hidden = null)
    {
        using var scope = NewDisposeScope();
        var x = Embeddings.Forward(batch);                                       // (B, T, d)
        var mask = batch.Padded ? Mask(batch.Mask, x.dtype) : null;              // (B, 1, 1, T)
        hidden?.Add(x.alias().DetachFromDisposeScope());
        foreach (var layer in _layers)
        {
            using var inner = NewDisposeScope(); // what autograd does not need is freed layer by layer
            x = layer.FeedForward.Forward(layer.Attention.Forward(x, mask)).MoveToOuterDisposeScope(); // (B, T, d)
            hidden?.Add(x.alias().DetachFromDisposeScope());
        }
        return x.MoveToOuterDisposeScope();                                      // (B, T, d)
    }

    private static Tensor Mask(Tensor real, ScalarType type)                     // real: (B, T)
    {
        using var scope = NewDisposeScope();
        var mask = zeros(real.shape, type, real.device).masked_fill_(real.logical_not(), double.NegativeInfinity);
        return mask.view(real.shape[0], 1, 1, real.shape[1]).MoveToOuterDisposeScope(); // (B, 1, 1, T)
    }
}
