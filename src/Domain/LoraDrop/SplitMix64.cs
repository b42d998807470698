namespace LoraDrop.Domain;

/// <summary>A seeded random stream that is the same on every runtime and machine (Steele, Lea and Flood 2014).</summary>
/// <remarks>
/// Samples, shuffles and initial adapters are drawn from it, so that a run depends only on its seed and any position can be
/// reproduced without saved state: each use has its own stream, <c>SplitMix64.For(seed, "purpose", epoch)</c>.
/// </remarks>
public sealed class SplitMix64(ulong state)
{
    private ulong _state = state;

    /// <summary>The stream for a seed, purpose and index; streams of different purposes do not overlap in practice.</summary>
    public static SplitMix64 For(long seed, string purpose, long index = 0)
    {
        var mixed = new SplitMix64(unchecked((ulong)seed));
        foreach (var letter in purpose) mixed = new SplitMix64(mixed.Next() ^ letter);
        return new SplitMix64(mixed.Next() ^ unchecked((ulong)index));
    }

    public ulong Next()
    {
        unchecked
        {
            var z = _state += 0x9E3779B97F4A7C15UL;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
            return z ^ (z >> 31);
        }
    }

    /// <summary>Uniform in [0, 1), with 53 bits.</summary>
    public double NextUnit() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [0, bound), without modulo bias.</summary>
    public int NextBelow(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        return (int)Math.BigMul(Next(), (ulong)bound, out _);
    }

    /// <summary>Shuffles a list (Fisher and Yates).</summary>
    public void Shuffle<T>(IList<T> list)
    {
        for (var i = list.Count - 1; i > 0; i--)
        {
            var j = NextBelow(i + 1);
            (list[i], list[j]) = (list[j], list[i]);
        }
    }
}
