using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>Attention with dropout on its probabilities, for training on a CPU.</summary>
/// <remarks>
/// O = D·V with D = mask(P), P = softmax(QKᵀ/√w + m). Backward, with ∘ element-wise and the mask recomputed:
/// dV = Dᵀ·dO;  dP = mask(dO·Vᵀ);  dS = P∘dP − P∘rowsum(P∘dP);  dQ = dS·K/√w;  dK = dSᵀ·Q/√w.
/// torch's fused kernel does not support dropout on a CPU and falls back to single steps that keep P, D and a float mask; this keeps P.
/// </remarks>
internal sealed class DroppedAttention : GradientFunction<DroppedAttention, DropoutMask>
{
    /// <param name="q">(B, H, T, w).</param>
    /// <param name="k">Keys (B, H, S, w).</param>
    /// <param name="v">Values (B, H, S, w).</param>
    /// <param name="mask">(B or 1, 1, T or 1, S), added to the scores, or null.</param>
    /// <param name="dropped">The dropout mask for the probabilities.</param>
    public static Tensor Of(Tensor q, Tensor k, Tensor v, Tensor? mask, DropoutMask dropped)
    {
        using var scope = NewDisposeScope();
        long B = q.shape[0], H = q.shape[1], T = q.shape[2], S = k.shape[2], w = q.shape[3];
        Tensor Q = q.reshape(B * H, T, w), K = k.reshape(B * H, S, w), V = v.reshape(B * H, S, w); // (BH, T, w), (BH, S, w)
        // otherwise nothing is kept for a backward pass
        var learns = is_grad_enabled() && (q.requires_grad || k.requires_grad || v.requires_grad);
        return (learns ? apply(Q, K, V, mask!, dropped) : dropped.Of(Probabilities(Q, K, mask)).bmm(V)).view(B, H, T, w)
            .MoveToOuterDisposeScope();
    }

    protected override (Tensor Y, Tensor[] Kept, DropoutMask State) Forward(object[] vars)
    {
        Tensor Q = (Tensor)vars[0], K = (Tensor)vars[1], V = (Tensor)vars[2];    // (BH, T, w), (BH, S, w)
        var dropped = (DropoutMask)vars[4];
        var P = Probabilities(Q, K, vars[3] as Tensor);                          // (BH, T, S)
        return (dropped.Of(P).bmm(V), [Q, K, V, P], dropped);                    // (BH, T, w)
    }

    private static Tensor Probabilities(Tensor Q, Tensor K, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        var scores = Q.bmm(K.transpose(1, 2)).Times_(1 / Math.Sqrt(Q.shape[2])); // (BH, T, S) = QKᵀ/√w
        if (mask is not null) scores.view(mask.shape[0], -1, Q.shape[1], K.shape[1]).Plus_(mask);
        return nn.functional.softmax(scores, -1).MoveToOuterDisposeScope();      // (BH, T, S)
    }

    protected override Tensor?[] Backward(Tensor[] kept, DropoutMask dropped, Tensor dO)
    {
        Tensor Q = kept[0], K = kept[1], V = kept[2], P = kept[3];               // (BH, T, w), (BH, S, w), P: (BH, T, S)
        var dV = dropped.Of(P).transpose(1, 2).bmm(dO);                          // (BH, S, w)
        var dS = dropped.Over(dO.bmm(V.transpose(1, 2))).mul_(P);                // (BH, T, S) = P∘dP
        dS.PlusProduct_(P, dS.sum(-1, keepdim: true), -1).Times_(1 / Math.Sqrt(Q.shape[2])); // = dS/√w
        Tensor dQ = dS.bmm(K), dK = dS.transpose(1, 2).bmm(Q);                   // (BH, T, w), (BH, S, w)
        return [dQ, dK, dV, null, null];
    }
}
