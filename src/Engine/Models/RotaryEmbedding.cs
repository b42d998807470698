using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>Rotary position embedding (Su et al. 2021): rotates pairs of a head's numbers by angles that grow with the position.</summary>
/// <remarks>A pair is (i, i + w/2), as in the hub's checkpoints; Meta's own files pair (2i, 2i + 1).</remarks>
/// <param name="settings">Kind, base, factor.</param>
/// <param name="width">w, the width of a head.</param>
public sealed class RotaryEmbedding(RopeSettings settings, int width)
{
    /// <summary>Cosines and sines of positions, float32.</summary>
    /// <param name="positions">(B, T), int64.</param>
    /// <param name="longest">Positions in use, including cached ones.</param>
    /// <returns>(B, 1, T, w) each, owned by the caller.</returns>
    public Rotation At(Tensor positions, long longest)
    {
        using var scope = NewDisposeScope();
        var frequencies = tensor(settings.Frequencies(width, longest).Select(f => (float)f).ToArray(), device: positions.device); // (w/2)
        var angles = positions.to(ScalarType.Float32).unsqueeze(-1) * frequencies; // (B, T, w/2)
        var both = cat([angles, angles], -1).unsqueeze(1);                       // (B, 1, T, w)
        Tensor cos = both.cos(), sin = both.sin();
        if (settings.AttentionFactor != 1) (cos, sin) = (cos.Times(settings.AttentionFactor), sin.Times(settings.AttentionFactor));
        return new(cos.MoveToOuterDisposeScope(), sin.MoveToOuterDisposeScope());
    }
}

/// <summary>The rotation of each position of a batch.</summary>
/// <param name="Cos">(B, 1, T, w).</param>
/// <param name="Sin">(B, 1, T, w).</param>
public sealed record Rotation(Tensor Cos, Tensor Sin)
{
    /// <summary>x rotated: x·cos + (−x₂, x₁)·sin with x₁, x₂ the halves of each head.</summary>
    public Tensor Of(Tensor x)                                                   // x: (B, H, T, w)
    {
        using var scope = NewDisposeScope();
        var half = x.shape[^1] / 2;
        var turned = cat([x.narrow(-1, half, half).neg(), x.narrow(-1, 0, half)], -1); // (B, H, T, w)
        return (x * Cos.to(x.dtype)).Plus(turned * Sin.to(x.dtype)).MoveToOuterDisposeScope(); // (B, H, T, w)
    }
}
