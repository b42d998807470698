using System.Numerics;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>The parameters of a dropout mask: two key words, the bound below which an entry's random word drops it, and 1/(1 −
/// p).</summary>
internal sealed record DropoutMask(uint First, uint Second, uint Bound, float Scale)
{
    /// <summary>y_i = x_i · scale if the random word of i reaches the bound, else 0.</summary>
    public Tensor Of(Tensor x)
    {
        using var source = x.contiguous();
        var y = torch.empty_like(source);
        Apply(source, y);
        return y;
    }

    /// <summary>The same, in place; x must be contiguous.</summary>
    public Tensor Over(Tensor x)
    {
        Apply(x, x);
        return x;
    }

    /// <summary>Splits large tensors among torch's threads; an entry's mask depends only on its index, not on the thread.</summary>
    private void Apply(Tensor x, Tensor y)
    {
        const int Large = 1 << 17, Together = 64; // parts begin at whole vectors
        var count = (int)x.numel();
        var parts = count < Large ? 1 : get_num_threads();
        var size = (count + parts * Together - 1) / (parts * Together) * Together;
        if (parts == 1) Apply(Numbers(x), Numbers(y), First);
        else Parallel.For(0, parts, part =>
        {
            int from = Math.Min(count, part * size), to = Math.Min(count, from + size);
            Apply(Numbers(x)[from..to], Numbers(y)[from..to], First + (uint)from);
        });
    }

    private static Span<float> Numbers(Tensor x) => MemoryMarshal.Cast<byte, float>(x.bytes);

    private void Apply(ReadOnlySpan<float> x, Span<float> y, uint first)
    {
        var lanes = Vector<uint>.Count;
        var index = Vector<uint>.Indices + new Vector<uint>(first);
        Vector<uint> step = new((uint)lanes), second = new(Second), bound = new(Bound);
        var scale = new Vector<float>(Scale);
        var i = 0;
        for (; i <= x.Length - lanes; i += lanes, index += step)
        {
            var keep = Vector.GreaterThanOrEqual(Mix(index, second), bound);
            Vector.ConditionalSelect(Vector.AsVectorSingle(keep), new Vector<float>(x[i..]) * scale, Vector<float>.Zero).CopyTo(y[i..]);
        }
        for (; i < x.Length; i++) y[i] = Mix(new Vector<uint>(first + (uint)i), second)[0] >= Bound ? x[i] * Scale : 0;
    }

    /// <summary>A bijection of 32-bit words with almost no bias (constants: Wellons, "Prospecting for Hash Functions", 2018), keyed between
    /// its two halves.</summary>
    private static Vector<uint> Mix(Vector<uint> x, Vector<uint> key)
    {
        x ^= x >>> 16;
        x *= new Vector<uint>(0x21F0AAAD);
        x ^= x >>> 15;
        x += key;
        x *= new Vector<uint>(0xD35A2D97);
        return x ^ (x >>> 15);
    }
}
