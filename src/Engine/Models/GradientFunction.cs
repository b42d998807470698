using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>A function with a hand-written gradient that frees native memory as soon as autograd allows.</summary>
/// <remarks>
/// <c>save_for_backward</c> keeps tensors until the garbage collector runs; the tensors kept here are disposed by the backward pass. The
/// handles that a backward pass receives from autograd and returns to it cannot be disposed before it returns, so the next call on the same
/// thread disposes them; each thread runs one backward call at a time.
/// </remarks>
/// <typeparam name="TSelf">The function itself, as TorchSharp requires.</typeparam>
/// <typeparam name="TState">What the backward pass needs besides tensors.</typeparam>
internal abstract class GradientFunction<TSelf, TState> : autograd.SingleTensorFunction<TSelf>
    where TSelf : GradientFunction<TSelf, TState>, new()
{
    private const string SavedKey = "saved";

    [ThreadStatic] private static Tensor[]? _passed;

    public override string Name => typeof(TSelf).Name;

    public sealed override Tensor forward(autograd.AutogradContext context, params object[] vars)
    {
        using var scope = NewDisposeScope();
        var (y, kept, state) = Forward(vars);
        context.save_data(SavedKey, new Saved([.. kept.Select(tensor => tensor.detach().DetachFromDisposeScope())], state));
        return y.MoveToOuterDisposeScope();
    }

    // Runs on autograd's stack, where an exception would end the process; the forward pass has checked all shapes.
    public sealed override List<Tensor> backward(autograd.AutogradContext context, Tensor dy)
    {
        foreach (var handle in _passed ?? []) handle.Dispose();
        using var scope = NewDisposeScope();
        var (kept, state) = (Saved)context.get_data(SavedKey);
        var gradients = Backward(kept, state, dy);
        Tensor[] given = [.. gradients.OfType<Tensor>()];
        foreach (var gradient in given) gradient.DetachFromDisposeScope();
        foreach (var tensor in kept.Where(tensor => !given.Any(gradient => ReferenceEquals(gradient, tensor)))) tensor.Dispose();
        _passed = [dy, .. given];
        return gradients.ToList()!;
    }

    /// <summary>Computes y.</summary>
    /// <param name="vars">The arguments of <c>apply</c>.</param>
    /// <returns>y, the tensors that the backward pass needs, and its other state.</returns>
    protected abstract (Tensor Y, Tensor[] Kept, TState State) Forward(object[] vars);

    /// <summary>Computes the gradients.</summary>
    /// <param name="kept">The tensors that <see cref="Forward"/> kept, disposed afterwards.</param>
    /// <param name="state">The state kept by <see cref="Forward"/>.</param>
    /// <param name="dy">∂L/∂y.</param>
    /// <returns>One gradient per argument of <c>apply</c>, or null.</returns>
    protected abstract Tensor?[] Backward(Tensor[] kept, TState state, Tensor dy);

    private sealed record Saved(Tensor[] Kept, TState State);
}
