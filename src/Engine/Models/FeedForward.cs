using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>The two feed-forward matrices of a layer with their activation, residual and norm.</summary>
public sealed class FeedForward
{
    private readonly Linear _up, _down;
    private readonly LayerNorm _norm;
    private readonly DropoutMasks _masks;
    private readonly EncoderConfig _config;

    public FeedForward(EncoderConfig config, IWeights weights, string path, DropoutMasks masks)
    {
        (_config, _masks) = (config, masks);
        _up = Linear.From(weights, $"{path}.intermediate.dense", config.Hidden, config.Intermediate);
        _down = Linear.From(weights, $"{path}.output.dense", config.Intermediate, config.Hidden);
        _norm = LayerNorm.From(weights, $"{path}.output.LayerNorm", config.Hidden, config.LayerNormEps);
    }

    public IEnumerable<Linear> Linears => [_up, _down];

    public Tensor Forward(Tensor x)                                              // x: (B, T, d)
    {
        using var scope = NewDisposeScope();
        var h = Activation.Of(_config.Activation, _up.Forward(x));               // (B, T, i)
        var y = _down.Forward(h, x);                                             // (B, T, d)
        return _norm.Forward(_masks.DropThenAdd(y, _config.HiddenDropout, x)).MoveToOuterDisposeScope(); // (B, T, d)
    }
}
