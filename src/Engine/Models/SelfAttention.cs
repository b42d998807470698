using TorchSharp;
using static TorchSharp.torch;

namespace LoraDrop.Engine;

/// <summary>Multi-head self-attention with its output projection, residual and norm.</summary>
public sealed class SelfAttention
{
    private readonly Linear _query, _key, _value, _output;
    private readonly LayerNorm _norm;
    private readonly DropoutMasks _masks;
    private readonly ModelConfig _config;

    public SelfAttention(ModelConfig config, IWeights weights, string path, DropoutMasks masks)
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
    /// <param name="mask">(B, 1, 1, T): 0 where a key may be seen, −∞ where it is padding; null: no padding.</param>
    public Tensor Forward(Tensor x, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        Tensor q = Split(_query.Forward(x)), k = Split(_key.Forward(x)), v = Split(_value.Forward(x)); // (B, H, T, d/H)
        var context = Attend(q, k, v, mask);                                     // (B, H, T, d/H)
        var joined = context.transpose(1, 2).reshape(x.shape);                   // (B, T, d)
        var o = _masks.Drop(_output.Forward(joined), _config.HiddenDropout);     // (B, T, d)
        return _norm.Forward(o + x).MoveToOuterDisposeScope();                   // (B, T, d)
    }

    private Tensor Split(Tensor x) =>                                            // (B, T, d) → (B, H, T, d/H)
        x.view(x.shape[0], x.shape[1], _config.Heads, -1).transpose(1, 2);

    private Tensor Attend(Tensor q, Tensor k, Tensor v, Tensor? mask)
    {
        var p = _masks.Active ? _config.AttentionDropout : 0;
        if (p == 0 || q.device_type != DeviceType.CPU)
            return nn.functional.scaled_dot_product_attention(q, k, v, mask!, p, false);

        // On a CPU, torch's fused kernel knows no dropout and falls back to one that draws and keeps a float mask. The same
        // arithmetic with masks that are computed twice instead of kept needs a third of the memory.
        using var scope = NewDisposeScope();
        long B = q.shape[0], H = q.shape[1], T = q.shape[2], w = q.shape[3];
        Tensor Q = q.reshape(B * H, T, w) * (1 / Math.Sqrt(w)), K = k.reshape(B * H, T, w); // (BH, T, w)
        var scores = Q.bmm(K.transpose(1, 2));                                   // (BH, T, T) = QKᵀ/√w
        if (mask is not null) scores = scores.view(B, H, T, T).add_(mask).view(B * H, T, T);
        var P = _masks.Drop(nn.functional.softmax(scores, -1), p);               // (BH, T, T)
        return P.bmm(v.reshape(B * H, T, w)).view(B, H, T, w).MoveToOuterDisposeScope();
    }
}
