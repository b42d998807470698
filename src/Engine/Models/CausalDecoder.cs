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

    public Preface? Preface { get; set; }

    public IEnumerable<Linear> LinearsOf(int i) => _layers[i].Linears;

    public Tensor Forward(TokenBatch batch, IList<Tensor>? hidden = null) => Forward(batch, null, hidden);

    /// <param name="batch">Texts; with a cache, their next tokens.</param>
    /// <param name="cache">Keys and values of earlier tokens; those of the batch are appended.</param>
    /// <param name="hidden">Receives the embeddings, the output of every layer but the last, and the last one's after the norm, like
    /// transformers' hidden states; with the words of the preface.</param>
    public Tensor Forward(TokenBatch batch, KeyValueCache? cache, IList<Tensor>? hidden = null)
    {
        using var scope = NewDisposeScope();
        var begins = cache is not { IsEmpty: false }; // whether the texts do, so that what is before them is read now
        var x = Word.Rows(batch.Ids);                                            // (B, T, d)
        var words = begins ? Preface?.Words()?.to(x.dtype) : null;               // (P, d)
        if (words is not null)                                                   // (B, P + T, d)
            x = TokenPlaces.Of(batch).Inserted(x, _ => words.expand(x.shape[0], -1, -1));
        var places = PlacesOf(batch, words is not null);
        if (begins && BeforeKeys(batch) is { } before) cache?.See(before);
        cache?.See(places);
        var rotation = _rotary.At(places.Positions, cache?.Longest ?? places.Longest);
        var sights = new Dictionary<int, Sight>();                               // by window; 0: all
        foreach (var (i, layer) in _layers.Index())
        {
            hidden?.Add(x.alias().DetachFromDisposeScope());
            var window = _config.Windows[i];
            if (!sights.TryGetValue(window ?? 0, out var sight))
                sights[window ?? 0] = sight = SightOf(places, cache, BeforeKeys(batch), window, x.dtype);
            using var inner = NewDisposeScope(); // frees layer by layer what autograd does not need
            x = (Recomputes && is_grad_enabled()
                ? Recomputed.Of(x, _masks, input => Recompute(i, input, batch, window))
                : layer.Forward(x, rotation, sight, cache?[i], Preface?.Of(i))).MoveToOuterDisposeScope(); // (B, T, d)
        }
        x = _norm.Forward(x);                                                    // (B, T, d)
        hidden?.Add(x.alias().DetachFromDisposeScope());
        if (words is not null) x = TokenPlaces.Of(batch).Without(x, Preface!.Length); // (B, T, d)
        return x.MoveToOuterDisposeScope();                                      // (B, T, d)
    }

    /// <summary>A recomputed layer, with inputs from the batch that live until the end of the backward pass.</summary>
    private Tensor Recompute(int i, Tensor x, TokenBatch batch, int? window)
    {
        using var scope = NewDisposeScope();
        var places = PlacesOf(batch, words: Preface is { HasKeys: false });
        var sight = SightOf(places, null, BeforeKeys(batch), window, x.dtype);
        return _layers[i].Forward(x, _rotary.At(places.Positions, places.Longest), sight, null, Preface?.Of(i))
            .MoveToOuterDisposeScope(); // (B, T, d)
    }

    /// <summary>Where the tokens are, behind what is before their texts.</summary>
    /// <param name="batch">The tokens.</param>
    /// <param name="words">Whether words are inserted before each text, so that they are tokens too.</param>
    private TokenPlaces PlacesOf(TokenBatch batch, bool words)
    {
        var places = TokenPlaces.Of(batch);
        return Preface is not { Length: var P } ? places : words ? places.Behind(P) : places.Later(P);
    }

    /// <summary>The places of the keys before each text, one for each of its first positions; null if there are none.</summary>
    private TokenPlaces? BeforeKeys(TokenBatch batch)
    {
        using var scope = NewDisposeScope();
        if (Preface is not { HasKeys: true, Length: var P }) return null;
        var B = batch.Ids.shape[0];
        return new(Scalars.Arange(P, batch.Ids.device).expand(B, P).MoveToOuterDisposeScope(), // (B, P)
            batch.Ids.new_zeros(B, P).MoveToOuterDisposeScope(), P, true, false, null); // (B, P)
    }

    /// <summary>Causal order alone decides if every text begins at the batch's left edge: padding on the right is never before a
    /// token.</summary>
    /// <param name="places">The tokens.</param>
    /// <param name="cache">Earlier tokens, and these, or null.</param>
    /// <param name="before">Keys before each text, which a cache has among its tokens; or null.</param>
    /// <param name="window">The number of positions a token sees; null: all before it.</param>
    /// <param name="type">That of the bias.</param>
    private static Sight SightOf(TokenPlaces places, KeyValueCache? cache, TokenPlaces? before, int? window, ScalarType type)
    {
        if (cache is null && places.Packs is { } packs) return new(null, true, packs, window);
        var keys = cache?.Longest ?? places.Longest;
        var plain = (cache is null ? places.FromTheLeft && before is null : cache.FromTheLeft) && !(keys > window);
        var T = places.Positions.shape[1];
        if (plain && (cache is null || cache.Length == T || T == 1)) return new(null, T > 1);
        using var scope = NewDisposeScope();
        var (text, position) = cache is not null ? (cache.Segments, cache.Positions)
            : before is null ? (places.Segments, places.Positions)
            : (cat([before.Segments, places.Segments], 1), cat([before.Positions, places.Positions], 1)); // (B, S)
        Tensor own = places.Segments.unsqueeze(2), at = places.Positions.unsqueeze(2); // (B, T, 1)
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

        public Tensor Forward(Tensor x, Rotation rotation, Sight sight, LayerCache? cache, KeysAndValues? before)
        {
            using var scope = NewDisposeScope();
            var h = x.Plus(_attention.Forward(_before.Forward(x), rotation, sight, cache, before)); // (B, T, d)
            return h.Plus(_feedForward.Forward(_between.Forward(h))).MoveToOuterDisposeScope(); // (B, T, d)
        }
    }
}
