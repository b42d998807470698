using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>Activation checkpointing (Chen et al. 2016): keeps only a layer's input; the backward pass recomputes the layer, and then its
/// gradients.</summary>
/// <remarks>Gradients of trained parameters inside the layer are accumulated during recomputation, bit for bit the same; dropout repeats
/// its masks (see <see cref="DropoutMasks.Drawn"/>).</remarks>
internal sealed class Recomputed : GradientFunction<Recomputed, Recomputed.State>
{
    /// <param name="x">The layer's input.</param>
    /// <param name="masks">Source of its dropout masks.</param>
    /// <param name="layer">The layer; all its other inputs must live until the backward pass.</param>
    public static Tensor Of(Tensor x, DropoutMasks masks, Func<Tensor, Tensor> layer)
    {
        using var scope = NewDisposeScope();
        var learns = zeros(1, device: x.device).requires_grad_(); // x itself may need no gradient, but the layer's LoRAs do
        return apply(x, learns, new Layer(layer, masks)).MoveToOuterDisposeScope();
    }

    protected override (Tensor Y, Tensor[] Kept, State State) Forward(object[] vars)
    {
        using var _ = no_grad();
        var (x, layer) = ((Tensor)vars[0], (Layer)vars[2]);
        var state = new State(layer, layer.Masks.Drawn);
        return (layer.Run(x), [x], state);
    }

    protected override Tensor?[] Backward(Tensor[] kept, State state, Tensor dy)
    {
        using var _ = enable_grad();
        var (layer, drawn) = state;
        var after = layer.Masks.Drawn;
        layer.Masks.Drawn = drawn;
        var x = kept[0].requires_grad_();
        layer.Run(x).backward([dy]);
        layer.Masks.Drawn = after;
        return [(x.grad ?? zeros_like(x)).alias(), null, null];
    }

    internal sealed record Layer(Func<Tensor, Tensor> Run, DropoutMasks Masks);

    /// <param name="Layer">The layer.</param>
    /// <param name="Drawn">Number of dropout masks drawn before it.</param>
    internal sealed record State(Layer Layer, uint Drawn);
}
