using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>The BERT and RoBERTa encoder: embeddings, then layers of attention and feed-forward.</summary>
public sealed class Encoder : IBackbone
{
    private readonly (SelfAttention Attention, FeedForward FeedForward)[] _layers;
    private readonly DropoutMasks _masks;

    public Encoder(EncoderConfig config, IWeights weights, DropoutMasks masks)
    {
        _masks = masks;
        Embeddings = new(config, weights, $"{config.Prefix}.embeddings", masks);
        _layers = [.. Enumerable.Range(0, config.Layers).Select(i => $"{config.Prefix}.encoder.layer.{i}").Select(path =>
            (new SelfAttention(config, weights, $"{path}.attention", masks), new FeedForward(config, weights, path, masks)))];
    }

    public Embeddings Embeddings { get; }

    public Parameter Word => Embeddings.Word;

    public bool Recomputes { get; set; }

    public Preface? Preface { get; set; }

    public IEnumerable<Linear> LinearsOf(int i) => [.. _layers[i].Attention.Linears, .. _layers[i].FeedForward.Linears];

    public Tensor Forward(TokenBatch batch, IList<Tensor>? hidden = null)
    {
        using var scope = NewDisposeScope();
        var x = Embeddings.Forward(batch, Preface);                              // (B, T, d)
        var type = x.dtype;
        Tensor? Padding() => batch.Padded ? Mask(Visible(batch.Mask), type) : null; // (B, 1, 1, T)
        var mask = Padding();
        hidden?.Add(x.alias().DetachFromDisposeScope());
        foreach (var i in Enumerable.Range(0, _layers.Length))
        {
            using var inner = NewDisposeScope(); // frees layer by layer what autograd does not need
            x = Recomputes && is_grad_enabled() ? Recomputed.Of(x, _masks, input => Layer(i, input, Padding()))
                .MoveToOuterDisposeScope() : Layer(i, x, mask).MoveToOuterDisposeScope(); // (B, T, d)
            hidden?.Add(x.alias().DetachFromDisposeScope());
        }
        return x.MoveToOuterDisposeScope();                                      // (B, T, d)
    }

    private Tensor Layer(int i, Tensor x, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        var (attention, feedForward) = _layers[i];
        return feedForward.Forward(attention.Forward(x, mask, Preface?.Of(i))).MoveToOuterDisposeScope(); // (B, T, d)
    }

    /// <summary>True where attention may look: at what is before the texts, and at their tokens.</summary>
    private Tensor Visible(Tensor real)                                          // (B, T) → (B, P + T)
    {
        if (Preface is not { Length: var P }) return real;
        using var scope = NewDisposeScope();
        return cat([real.new_ones(real.shape[0], P), real], 1).MoveToOuterDisposeScope(); // (B, P + T)
    }

    private static Tensor Mask(Tensor real, ScalarType type)                     // real: (B, T)
    {
        using var scope = NewDisposeScope();
        var mask = zeros(real.shape, type, real.device).MaskedFill_(real.logical_not(), double.NegativeInfinity); // (B, T)
        return mask.view(real.shape[0], 1, 1, real.shape[1]).MoveToOuterDisposeScope(); // (B, 1, 1, T)
    }
}
