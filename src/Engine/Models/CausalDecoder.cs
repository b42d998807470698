using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>A decoder of the Llama family (Touvron et al. 2023): embeddings, layers of attention and gated feed-forward, each with a norm
/// before it, and a final norm.</summary>
public sealed class CausalDecoder : IBackbone
{
    private readonly DecoderConfig _config;
    private readonly RotaryEmbedding _rotary;
    private readonly Layer[] _layers;
    private readonly RmsNorm _norm;
    private readonly DropoutMasks _masks;

    public CausalDecoder(DecoderConfig config, IWeights weights, DropoutMasks masks)
    {
        (_config, _rotary, _masks) = (config, new(config.Rope, config.HeadSize), masks);
        Word = weights.TakeParameter($"{config.Prefix}.embed_tokens.weight", config.VocabularySize, config.Hidden);
        _layers = [.. Enumerable.Range(0, config.Layers).Select(i => new Layer(config, weights, $"{config.Prefix}.layers.{i}", masks))];
        _norm = RmsNorm.From(weights, $"{config.Prefix}.norm", config.Hidden, config.NormEps);
    }

    public Parameter Word { get; }

    public bool Recomputes { get; set; }

    public IEnumerable<Linear> LinearsOf(int i) => _layers[i].Linears;

    public Tensor Forward(TokenBatch batch, IList<Tensor>? hidden = null) => Forward(batch, null, hidden);

    /// <param name="batch">Texts; with a cache, their next tokens.</param>
    /// <param name="cache">Keys and values of earlier tokens; those of the batch are appended.</param>
    /// <param name="hidden">Receives the embeddings, the output of every layer but the last, and the last one's after the norm, like
    /// transformers' hidden states.</param>
    public Tensor Forward(TokenBatch batch, KeyValueCache? cache, IList<Tensor>? hidden = null)
    {
        using var scope = NewDisposeScope();
        var x = Word.Rows(batch.Ids);                                            // (B, T, d)
        cache?.See(batch);
        var rotation = _rotary.At(batch.Positions, cache?.Longest ?? batch.Longest);
        var sights = new Dictionary<int, Sight>();                               // by window; 0: all
        foreach (var (i, layer) in _layers.Index())
        {
            hidden?.Add(x.alias().DetachFromDisposeScope());
            var window = _config.Windows[i];
            if (!sights.TryGetValue(window ?? 0, out var sight)) sights[window ?? 0] = sight = SightOf(batch, cache, window, x.dtype);
            using var inner = NewDisposeScope(); // frees layer by layer what autograd does not need
            x = (Recomputes && is_grad_enabled()
                ? Recomputed.Of(x, _masks, input => Recompute(layer, input, batch, window))
                : layer.Forward(x, rotation, sight, cache?[i])).MoveToOuterDisposeScope(); // (B, T, d)
        }
        x = _norm.Forward(x);                                                    // (B, T, d)
        hidden?.Add(x.alias().DetachFromDisposeScope());
        return x.MoveToOuterDisposeScope();                                      // (B, T, d)
    }

    /// <summary>A recomputed layer, with inputs from the batch that live until the end of the backward pass.</summary>
    private Tensor Recompute(Layer layer, Tensor x, TokenBatch batch, int? window)
    {
        using var scope = NewDisposeScope();
        return layer.Forward(x, _rotary.At(batch.Positions, batch.Longest), SightOf(batch, null, window, x.dtype), null)
            .MoveToOuterDisposeScope(); // (B, T, d)
    }

    /// <summary>Causal order alone decides if every text begins at the batch's left edge: padding on the right is never before a
    /// token.</summary>
    private static Sight SightOf(TokenBatch batch, KeyValueCache? cache, int? window, ScalarType type)
    {
        if (cache is null && batch.Packs is { } packs) return new(null, true, packs, window);
        var keys = cache?.Longest ?? batch.Longest;
        var plain = (cache is null ? batch.FromTheLeft : cache.FromTheLeft) && !(keys > window);
        var T = batch.Ids.shape[1];
        if (plain && (cache is null || cache.Length == T || T == 1)) return new(null, T > 1);
        using var scope = NewDisposeScope();
        var (text, position) = cache is null ? (batch.Segments, batch.Positions) : (cache.Segments, cache.Positions); // (B, S)
        Tensor own = batch.Segments.unsqueeze(2), at = batch.Positions.unsqueeze(2); // (B, T, 1)
        var distance = at - position.unsqueeze(1);                               // (B, T, S)
        // A padded position has its own segment, and so sees itself and padding before it.
        var seen = text.unsqueeze(1).eq(own).logical_and(distance.IsAtLeast(0)); // (B, T, S)
        if (window is { } w) seen = seen.logical_and(distance.IsBelow(w));
        var bias = zeros(seen.shape, type, seen.device).MaskedFill_(seen.logical_not(), double.NegativeInfinity); // (B, T, S)
        return new(bias.unsqueeze(1).MoveToOuterDisposeScope(), false);          // (B, 1, T, S)
    }

    /// <summary>One layer: y = x + attention(norm(x)), then y + feed-forward(norm(y)).</summary>
    private sealed class Layer(DecoderConfig config, IWeights weights, string path, DropoutMasks masks)
    {
        private readonly RmsNorm _before = RmsNorm.From(weights, $"{path}.input_layernorm", config.Hidden, config.NormEps);
        private readonly CausalAttention _attention = new(config, weights, $"{path}.self_attn", masks);
        private readonly RmsNorm _between = RmsNorm.From(weights, $"{path}.post_attention_layernorm", config.Hidden, config.NormEps);
        private readonly GatedFeedForward _feedForward = new(config, weights, $"{path}.mlp");

        public IEnumerable<Linear> Linears => [.. _attention.Linears, .. _feedForward.Linears];

        public Tensor Forward(Tensor x, Rotation rotation, Sight sight, LayerCache? cache)
        {
            using var scope = NewDisposeScope();
            var h = x.Plus(_attention.Forward(_before.Forward(x), rotation, sight, cache)); // (B, T, d)
            return h.Plus(_feedForward.Forward(_between.Forward(h))).MoveToOuterDisposeScope(); // (B, T, d)
        }
    }
}
