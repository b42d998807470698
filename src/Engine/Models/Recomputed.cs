using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>Activation checkpointing (Chen et al. 2016): of a layer only its input is kept; the backward pass computes the layer again, and then its gradients.</summary>
/// <remarks>Gradients of what learns inside the layer are added to where they belong while the layer is computed again, and are the same bits; dropout draws the same masks.</remarks>
internal sealed class Recomputed : autograd.SingleTensorFunction<Recomputed>
{
    [ThreadStatic] private static PassedHandles? _passed;

    public override string Name => nameof(Recomputed);

    /// <param name="x">The layer's input.</param>
    /// <param name="masks">Whence its dropout masks come.</param>
    /// <param name="layer">The layer; what it needs besides must live until the backward pass.</param>
    public static Tensor Of(Tensor x, DropoutMasks masks, Func<Tensor, Tensor> layer)
    {
        using var scope = NewDisposeScope();
        var learns = zeros(1, device: x.device).requires_grad_(); // x itself may need no gradient, and the layer's LoRAs do
        return apply(x, learns, new Layer(layer, masks)).MoveToOuterDisposeScope();
    }

    public override Tensor forward(autograd.AutogradContext context, params object[] vars)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var (x, layer) = ((Tensor)vars[0], (Layer)vars[2]);
        context.save_data("saved", new Saved(x.detach().DetachFromDisposeScope(), layer, layer.Masks.Drawn));
        return layer.Run(x).MoveToOuterDisposeScope();
    }

    // Runs on autograd's stack, where an exception would end the process; the layer has run once with the same input.
    public override List<Tensor> backward(autograd.AutogradContext context, Tensor dy)
    {
        (_passed ??= new()).LetGo();
        using var scope = NewDisposeScope();
        using var _ = enable_grad();
        var (kept, layer, drawn) = (Saved)context.get_data("saved");
        var after = layer.Masks.Drawn;
        layer.Masks.Drawn = drawn;
        var x = kept.requires_grad_();
        layer.Run(x).backward([dy]);
        layer.Masks.Drawn = after;
        var dx = (x.grad ?? zeros_like(x)).alias().DetachFromDisposeScope();
        kept.Dispose();
        _passed.Keep(dy, dx);
        return [dx, null!, null!];
    }

    private sealed record Layer(Func<Tensor, Tensor> Run, DropoutMasks Masks);

    private sealed record Saved(Tensor X, Layer Layer, uint Drawn);
}
