using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>Cross entropy over a large vocabulary that never holds all logits: a few positions at a time are computed, scored, and
/// freed.</summary>
/// <remarks>
/// The backward pass only needs ∂L/∂h = (softmax(Wh) − e_y)·W and, if the output layer W learns, ∂L/∂W = (softmax(Wh) − e_y)ᵀ·h. Both are
/// known as soon as the logits are: they are computed with them, chunk by chunk, and kept in their place. M × V numbers become M × d, and
/// V × d if W learns.
/// </remarks>
internal sealed class ChunkedCrossEntropy : GradientFunction<ChunkedCrossEntropy, (bool Hidden, bool Output)>
{
    /// <summary>Logits per chunk: 32 MiB in float32.</summary>
    private const long Piece = 8 << 20;

    /// <param name="h">Hidden states (M, d).</param>
    /// <param name="output">The output layer W (V, d).</param>
    /// <param name="y">The next tokens (M), int64.</param>
    /// <returns>Σ −log softmax(Wh)_y, float32.</returns>
    public static Tensor Sum(Tensor h, Parameter output, Tensor y) =>
        apply(h, output.Value, y, output, is_grad_enabled() && h.requires_grad, is_grad_enabled() && output.Learns);

    protected override (Tensor Y, Tensor[] Kept, (bool Hidden, bool Output) State) Forward(object[] vars)
    {
        var (h, y, W) = ((Tensor)vars[0], (Tensor)vars[2], ((Parameter)vars[3]).In(((Tensor)vars[0]).dtype)); // (M, d), (M), (V, d)
        var dh = (bool)vars[4] ? empty_like(h) : null;                           // (M, d)
        var dW = (bool)vars[5] ? zeros(W.shape, ScalarType.Float32, W.device) : null; // (V, d)
        var total = zeros([], ScalarType.Float64, h.device);
        var rows = Math.Max(1, Piece / W.shape[0]);
        for (long from = 0; from < h.shape[0]; from += rows)
        {
            using var piece = NewDisposeScope();
            var count = Math.Min(rows, h.shape[0] - from);
            var logits = nn.functional.linear(h.narrow(0, from, count), W).to(ScalarType.Float32); // (C, V)
            var labels = y.narrow(0, from, count).unsqueeze(1);                  // (C, 1)
            var logP = nn.functional.log_softmax(logits, -1);                    // (C, V)
            total.sub_(logP.gather(1, labels).sum(ScalarType.Float64));
            if (dh is null && dW is null) continue;
            var p = logP.exp_();                                                 // (C, V)
            p.scatter_add_(1, labels, Scalars.Full([count, 1], -1, p.dtype, p.device)); // softmax − e_y
            dh?.narrow(0, from, count).copy_(p.to(W.dtype).mm(W));               // (C, d)
            dW?.addmm_(p.t(), h.narrow(0, from, count).to(ScalarType.Float32), 1, 1); // (V, d)
        }
        return (total.to(ScalarType.Float32), [.. new[] { dh, dW }.OfType<Tensor>()], (dh is not null, dW is not null));
    }

    // (M, d), (V, d)
    protected override Tensor?[] Backward(Tensor[] kept, (bool Hidden, bool Output) learns, Tensor dy) =>
        [learns.Hidden ? kept[0].mul_(dy) : null, learns.Output ? kept[^1].mul_(dy) : null, null, null, null, null];
}
