using TorchSharp;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>Multi-head self-attention with its output projection, residual and norm.</summary>
public sealed class SelfAttention
{
    private readonly Linear _query, _key, _value, _output;
    private readonly LayerNorm _norm;
    private readonly DropoutMasks _masks;
    private readonly EncoderConfig _config;

    public SelfAttention(EncoderConfig config, IWeights weights, string path, DropoutMasks masks)
    {
        var d = config.Hidden;
        (_config, _masks) = (config, masks);
        _query = Linear.From(weights, $"{path}.self.query", d, d);
        _key = Linear.From(weights, $"{path}.self.key", d, d);
        _value = Linear.From(weights, $"{path}.self.value", d, d);
        _output = Linear.From(weights, $"{path}.output.dense", d, d);
        _norm = LayerNorm.From(weights, $"{path}.output.LayerNorm", d, config.LayerNormEps);
    }

    public IEnumerable<Linear> Linears => [_query, _key, _value, _output];

    /// <param name="x">(B, T, d).</param>
    /// <param name="mask">(B, 1, 1, S): 0 where a key is visible, −∞ at padding; null: no padding.</param>
    /// <param name="before">Keys and values before those of x, or null.</param>
    public Tensor Forward(Tensor x, Tensor? mask, KeysAndValues? before = null)
    {
        using var scope = NewDisposeScope();
        Tensor q = Split(_query.Forward(x)), k = Split(_key.Forward(x)), v = Split(_value.Forward(x)); // (B, H, T, d/H)
        if (before is not null) (k, v) = before.Before(k, v);                    // (B, H, S, d/H)
        var context = Attend(q, k, v, mask);                                     // (B, H, T, d/H)
        var joined = context.transpose(1, 2).reshape(x.shape);                   // (B, T, d)
        var o = _output.Forward(joined, x);                                      // (B, T, d)
        return _norm.Forward(_masks.DropThenAdd(o, _config.HiddenDropout, x)).MoveToOuterDisposeScope(); // (B, T, d)
    }

    private Tensor Split(Tensor x) =>                                            // (B, T, d) → (B, H, T, d/H)
        x.view(x.shape[0], x.shape[1], _config.Heads, -1).transpose(1, 2);

    private Tensor Attend(Tensor q, Tensor k, Tensor v, Tensor? mask)
    {
        var p = _masks.Active ? _config.AttentionDropout : 0;
        if (p == 0 || q.device_type != DeviceType.CPU)
            return nn.functional.scaled_dot_product_attention(q, k, v, mask!, p, false);

        return DroppedAttention.Of(q, k, v, mask, _masks.Next(p));               // (B, H, T, d/H)
    }
}
