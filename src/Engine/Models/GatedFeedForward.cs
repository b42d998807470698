using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>The feed-forward block with a gate (SwiGLU, Shazeer 2020): down(act(gate(x)) ∘ up(x)).</summary>
public sealed class GatedFeedForward(DecoderConfig config, IWeights weights, string path)
{
    private readonly Linear _gate = Linear.From(weights, $"{path}.gate_proj", config.Hidden, config.Intermediate, config.FeedForwardBias);
    private readonly Linear _up = Linear.From(weights, $"{path}.up_proj", config.Hidden, config.Intermediate, config.FeedForwardBias);
    private readonly Linear _down = Linear.From(weights, $"{path}.down_proj", config.Intermediate, config.Hidden, config.FeedForwardBias);

    public IEnumerable<Linear> Linears => [_gate, _up, _down];

    public Tensor Forward(Tensor x)                                              // x: (B, T, d)
    {
        using var scope = NewDisposeScope();
        var h = Activation.Of(config.Activation, _gate.Forward(x)) * _up.Forward(x); // (B, T, i)
        return _down.Forward(h, x).MoveToOuterDisposeScope();                    // (B, T, d)
    }
}
