using TorchSharp;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>The tokens visible to each token of a batch: itself and all earlier ones of its own text.</summary>
/// <param name="Bias">(B, 1, T, S): 0 where a key is visible, −∞ where not; null if causal order alone decides.</param>
/// <param name="Causal">Whether causal order alone decides; false with a bias, and for one new token that sees all before it.</param>
/// <param name="Packs">Texts packed into one row, each of which sees only itself; null if each has its own row.</param>
/// <param name="Window">For packed texts, the number of positions a token sees; null: all before it.</param>
public sealed record Sight(Tensor? Bias, bool Causal, IReadOnlyList<(int Column, int Length)>? Packs = null, int? Window = null);

/// <summary>Grouped-query self-attention with rotary positions, and its output projection.</summary>
public sealed class CausalAttention
{
    private readonly Linear _query, _key, _value, _output;
    private readonly RmsNorm? _queryNorm, _keyNorm;
    private readonly DropoutMasks _masks;
    private readonly DecoderConfig _config;

    public CausalAttention(DecoderConfig config, IWeights weights, string path, DropoutMasks masks)
    {
        (_config, _masks) = (config, masks);
        long d = config.Hidden, q = config.QueryWidth, kv = config.KeyValueWidth;
        _query = Linear.From(weights, $"{path}.q_proj", d, q, config.QueryKeyValueBias);
        _key = Linear.From(weights, $"{path}.k_proj", d, kv, config.QueryKeyValueBias);
        _value = Linear.From(weights, $"{path}.v_proj", d, kv, config.QueryKeyValueBias);
        _output = Linear.From(weights, $"{path}.o_proj", q, d, config.OutputBias);
        if (!config.HeadNorms) return;
        _queryNorm = RmsNorm.From(weights, $"{path}.q_norm", config.HeadSize, config.NormEps);
        _keyNorm = RmsNorm.From(weights, $"{path}.k_norm", config.HeadSize, config.NormEps);
    }

    public IEnumerable<Linear> Linears => [_query, _key, _value, _output];

    /// <param name="x">(B, T, d).</param>
    /// <param name="rotation">The rotation of x's positions.</param>
    /// <param name="sight">The visible tokens.</param>
    /// <param name="cache">Keys and values of earlier tokens, to which those of x are appended, or null.</param>
    /// <param name="before">Keys and values before those of each text, or null.</param>
    public Tensor Forward(Tensor x, Rotation rotation, Sight sight, LayerCache? cache, KeysAndValues? before = null)
    {
        using var scope = NewDisposeScope();
        var q = rotation.Of(Normed(_queryNorm, Split(_query.Forward(x), _config.Heads)));         // (B, H, T, w)
        var k = rotation.Of(Normed(_keyNorm, Split(_key.Forward(x), _config.KeyValueHeads)));     // (B, G, T, w)
        var v = Split(_value.Forward(x), _config.KeyValueHeads);                 // (B, G, T, w)
        if (cache is { IsEmpty: true } && before?.For(k) is var (K, V)) cache.Append(K, V); // (B, G, P, w)
        if (cache is not null) (k, v) = cache.Append(k, v);                      // (B, G, S, w)
        var context = sight.Packs is not null ? AttendEach(q, k, v, sight, before) // (B, H, T, w)
            : cache is null && before?.Before(k, v) is var (all, those) ? Attend(q, Repeated(all), Repeated(those), sight)
            : Attend(q, Repeated(k), Repeated(v), sight);
        var joined = context.transpose(1, 2).reshape(x.shape[0], x.shape[1], -1); // (B, T, H·w)
        return _output.Forward(joined, x).MoveToOuterDisposeScope();             // (B, T, d)
    }

    // (B, heads, T, w)
    private Tensor Split(Tensor x, int heads) => x.view(x.shape[0], x.shape[1], heads, _config.HeadSize).transpose(1, 2);

    private static Tensor Normed(RmsNorm? norm, Tensor x) => norm is null ? x : norm.Forward(x);

    /// <summary>Repeats each key and value head for its H/G query heads.</summary>
    private Tensor Repeated(Tensor x)                                            // x: (B, G, S, w)
    {
        var times = _config.Heads / _config.KeyValueHeads;
        if (times == 1) return x;
        var shape = x.shape;
        // (B, H, S, w)
        return x.unsqueeze(2).expand(shape[0], shape[1], times, shape[2], shape[3]).reshape(shape[0], _config.Heads, shape[2], shape[3]);
    }

    /// <summary>Attends to each text of a packed row separately: a mask over the whole row would cost its length squared.</summary>
    /// <param name="q">(1, H, T, w).</param>
    /// <param name="k">(1, G, T, w).</param>
    /// <param name="v">(1, G, T, w).</param>
    /// <param name="sight">The texts, and how far each token sees.</param>
    /// <param name="before">Keys and values before those of each text, or null.</param>
    private Tensor AttendEach(Tensor q, Tensor k, Tensor v, Sight sight, KeysAndValues? before)
    {
        using var scope = NewDisposeScope();
        Tensor Part(Tensor x, (int Column, int Length) text) => x.narrow(2, text.Column, text.Length); // (1, ·, t, w)
        Tensor Of((int Column, int Length) text)                                 // (1, H, t, w)
        {
            var (keys, values) = (Part(k, text), Part(v, text));                 // (1, G, t, w)
            if (before is not null) (keys, values) = before.Before(keys, values); // (1, G, s, w)
            var seen = keys.shape[2];
            var plain = before is null && !(seen > sight.Window);
            return Attend(Part(q, text), Repeated(keys), Repeated(values),
                plain ? new(null, true) : new(Within(q, text.Length, seen, sight.Window), false));
        }
        return cat([.. sight.Packs!.Select(Of)], 2).MoveToOuterDisposeScope();   // (1, H, T, w)
    }

    /// <summary>The bias of a text's tokens, the last of those that are seen: each sees itself and those before it within the
    /// window.</summary>
    private static Tensor Within(Tensor q, long length, long seen, int? window)  // (1, 1, t, s)
    {
        using var scope = NewDisposeScope();
        var place = Scalars.Arange(seen, q.device);                              // (s)
        var distance = place.narrow(0, seen - length, length).unsqueeze(1) - place; // (t, s)
        var hidden = distance.IsBelow(0);                                        // (t, s)
        if (window is { } most) hidden = hidden.logical_or(distance.IsAtLeast(most));
        var bias = zeros(hidden.shape, q.dtype, q.device).MaskedFill_(hidden, double.NegativeInfinity); // (t, s)
        return bias.view(1, 1, length, seen).MoveToOuterDisposeScope();          // (1, 1, t, s)
    }

    private Tensor Attend(Tensor q, Tensor k, Tensor v, Sight sight)
    {
        var p = _masks.Active ? _config.AttentionDropout : 0;
        if (p == 0 || q.device_type != DeviceType.CPU)
            return nn.functional.scaled_dot_product_attention(q, k, v, sight.Bias!, p, sight.Causal); // (B, H, T, w)
        return DroppedAttention.Of(q, k, v, sight.Bias ?? Before(q), _masks.Next(p));
    }

    private static Tensor Before(Tensor q)                                       // (1, 1, T, T)
    {
        var T = q.shape[2];
        return Scalars.Full([T, T], double.NegativeInfinity, q.dtype, q.device).triu_(1).view(1, 1, T, T); // (1, 1, T, T)
    }
}
