using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>Cross entropy over a large vocabulary that never holds all logits: a few positions at a time are computed, scored, and
/// freed.</summary>
/// <remarks>
/// The output layer W is frozen, so the backward pass only needs ∂L/∂h = (softmax(Wh) − e_y)·W, which is known as soon as the logits are:
/// it is computed with them, chunk by chunk, and kept in their place. M × V numbers become M × d.
/// </remarks>
internal sealed class ChunkedCrossEntropy : GradientFunction<ChunkedCrossEntropy, bool>
{
    /// <summary>Logits per chunk: 32 MiB in float32.</summary>
    private const long Piece = 8 << 20;

    /// <param name="h">Hidden states (M, d).</param>
    /// <param name="W">The output layer (V, d), frozen.</param>
    /// <param name="y">The next tokens (M), int64.</param>
    /// <returns>Σ −log softmax(Wh)_y, float32.</returns>
    public static Tensor Sum(Tensor h, Tensor W, Tensor y) => apply(h, W, y, is_grad_enabled() && h.requires_grad);

    protected override (Tensor Y, Tensor[] Kept, bool State) Forward(object[] vars)
    {
        var (h, W, y, learns) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], (bool)vars[3]);
        var dh = learns ? empty_like(h) : null;                                  // (M, d)
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
            if (dh is null) continue;
            var p = logP.exp_();                                                 // (C, V)
            p.scatter_add_(1, labels, Scalars.Full([count, 1], -1, p.dtype, p.device)); // softmax − e_y
            dh.narrow(0, from, count).copy_(p.to(W.dtype).mm(W));                // (C, d)
        }
        return (total.to(ScalarType.Float32), dh is null ? [] : [dh], learns);
    }

    protected override Tensor?[] Backward(Tensor[] kept, bool state, Tensor dy) => [kept[0].mul_(dy), null, null, null]; // (M, d)
}
