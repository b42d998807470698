using System.Numerics;
using System.Runtime.CompilerServices;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>The merge of a pair of neighbouring tokens.</summary>
/// <param name="Rank">Lower ranks merge first; 0 or more.</param>
/// <param name="Id">The token that replaces both.</param>
internal readonly record struct PairMerge(int Rank, int Id);

/// <summary>The merges of a byte pair encoding, keyed by two token ids.</summary>
/// <remarks>
/// An open-addressing table at most half full: every pair of neighbours in a new word is looked up, and most are not merges. A
/// <see cref="Dictionary{TKey, TValue}"/> over tuples takes several times as long, and over packed integers it puts (a, b) and (b, a) in
/// one bucket.
/// </remarks>
internal sealed class PairMerges
{
    private readonly ulong[] _pairs;
    private readonly PairMerge[] _merges; // rank -1: free slot
    private readonly int _shift;

    /// <param name="most">The largest number of merges.</param>
    public PairMerges(int most)
    {
        var size = BitOperations.RoundUpToPowerOf2((uint)Math.Max(2 * most, 2));
        _shift = 64 - BitOperations.Log2(size);
        _pairs = new ulong[size];
        _merges = new PairMerge[size];
        Array.Fill(_merges, new PairMerge(-1, -1));
    }

    /// <summary>Sets a merge, replacing any earlier one for the same pair.</summary>
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

    /// <summary>The slot of a pair, or the free slot where it belongs.</summary>
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
