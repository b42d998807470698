using System.Numerics;
using System.Runtime.CompilerServices;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>What a pair of neighbouring tokens becomes.</summary>
/// <param name="Rank">The lowest is merged first; 0 or more.</param>
/// <param name="Id">The token that takes the place of both.</param>
internal readonly record struct PairMerge(int Rank, int Id);

/// <summary>The merges of a byte pair encoding by their two token ids.</summary>
/// <remarks>
/// An open-addressing table at most half full: a new word asks for every pair of neighbours, and most are no merge. A
/// <see cref="Dictionary{TKey, TValue}"/> over tuples takes several times as
/// long, and over packed integers it puts (a, b) and (b, a) in one bucket.
/// </remarks>
internal sealed class PairMerges
{
    private readonly ulong[] _pairs;
    private readonly PairMerge[] _merges; // rank -1: the place is free
    private readonly int _shift;

    /// <param name="most">How many merges will be set at most.</param>
    public PairMerges(int most)
    {
        var size = BitOperations.RoundUpToPowerOf2((uint)Math.Max(2 * most, 2));
        _shift = 64 - BitOperations.Log2(size);
        _pairs = new ulong[size];
        _merges = new PairMerge[size];
        Array.Fill(_merges, new PairMerge(-1, -1));
    }

    /// <summary>Sets a merge; one that was set before for the same pair is replaced.</summary>
    public void Set(int left, int right, PairMerge merge)
    {
        var place = PlaceOf(left, right);
        _pairs[place] = Packed(left, right);
        _merges[place] = merge;
    }

    public bool TryGet(int left, int right, out PairMerge merge)
    {
        merge = _merges[PlaceOf(left, right)];
        return merge.Rank >= 0;
    }

    /// <summary>Where a pair is, or the free place where it would be.</summary>
    private int PlaceOf(int left, int right)
    {
        var pair = Packed(left, right);
        var place = (int)(pair * 0x9E3779B97F4A7C15 >> _shift); // Fibonacci hashing
        while (_merges[place].Rank >= 0 && _pairs[place] != pair) place = (place + 1) & (_pairs.Length - 1);
        return place;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Packed(int left, int right) => (ulong)(uint)left << 32 | (uint)right;
}
