using System.Runtime.InteropServices;
using LoraDrop.Domain;
using TorchSharp;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Adapters;

/// <summary>Random initial values. Each tensor has its own stream, determined by seed and name, so a LoRA starts the same regardless of
/// other LoRAs.</summary>
public static class InitialValues
{
    /// <summary>Kaiming uniform with a = √5: uniform in ±1/√d, LoRA's initialisation of A (Hu et al. 2021).</summary>
    /// <param name="shape">(r, d).</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="name">The tensor's name.</param>
    public static Tensor KaimingUniform(long[] shape, long seed, string name) =>
        Uniform(shape, 1 / Math.Sqrt(shape[1]), seed, name);

    /// <summary>Uniform between −bound and bound.</summary>
    public static Tensor Uniform(long[] shape, double bound, long seed, string name) =>
        Drawn(shape, seed, name, random => (float)((2 * random.NextUnit() - 1) * bound));

    /// <summary>Normal around 0 (Box and Muller 1958).</summary>
    public static Tensor Normal(long[] shape, double standardDeviation, long seed, string name) =>
        Drawn(shape, seed, name, random =>
            (float)(standardDeviation * Math.Sqrt(-2 * Math.Log(1 - random.NextUnit())) * Math.Cos(2 * Math.PI * random.NextUnit())));

    private static Tensor Drawn(long[] shape, long seed, string name, Func<SplitMix64, float> draw)
    {
        using var scope = NewDisposeScope();
        var random = SplitMix64.For(seed, name);
        var values = torch.empty(shape, ScalarType.Float32);                     // of the shape
        foreach (ref var value in MemoryMarshal.Cast<byte, float>(values.bytes)) value = draw(random);
        return values.MoveToOuterDisposeScope();
    }
}
