namespace LoraDrop.Engine.Torch;

/// <summary>Shapes of tensors.</summary>
internal static class Shapes
{
    /// <summary>How many numbers a tensor of this shape holds.</summary>
    public static long Numbers(this long[] shape) => shape.Aggregate(1L, (product, n) => product * n);
}
