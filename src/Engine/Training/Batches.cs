using LoraDrop.Domain;

namespace LoraDrop.Engine.Training;

/// <summary>Divides examples, given by their lengths in tokens, into batches of indices.</summary>
/// <remarks>The batches of an epoch depend only on seed and epoch, so resuming needs only (epoch, batch index).</remarks>
public static class Batches
{
    /// <summary>Batches sorted together: a longer window leaves less padding, a shorter one mixes more.</summary>
    private const int Window = 50;

    /// <summary>Training batches: random, but of similar lengths. Every example occurs once; one batch may be smaller.</summary>
    public static int[][] ByLength(IReadOnlyList<int> lengths, int batchSize, long seed, int epoch)
    {
        var random = SplitMix64.For(seed, "batches", epoch);
        var windows = Shuffled(lengths.Count, random).Chunk((int)Math.Min((long)batchSize * Window, int.MaxValue));
        var batches = windows.SelectMany(window => window.OrderBy(i => lengths[i]).Chunk(batchSize)).ToArray();
        random.Shuffle(batches);
        return batches;
    }

    /// <summary>Evaluation batches: longest first, so that memory runs out at once or never. The indices restore file order.</summary>
    public static int[][] LongestFirst(IReadOnlyList<int> lengths, int batchSize) =>
        [.. Enumerable.Range(0, lengths.Count).OrderByDescending(i => lengths[i]).Chunk(batchSize)];

    /// <summary>Plain random batches, for comparison.</summary>
    public static int[][] Random(int count, int batchSize, long seed, int epoch) =>
        [.. Shuffled(count, SplitMix64.For(seed, "batches", epoch)).Chunk(batchSize)];

    /// <summary>Fraction of padding among all tokens of the batches, each padded to its longest example; [0, 1).</summary>
    public static double PaddingShare(IReadOnlyList<int[]> batches, IReadOnlyList<int> lengths)
    {
        var tokens = batches.Sum(batch => batch.Sum(i => (long)lengths[i]));
        var all = batches.Sum(batch => batch.LongLength * batch.Max(i => lengths[i]));
        return 1 - (double)tokens / all;
    }

    private static int[] Shuffled(int count, SplitMix64 random)
    {
        var indices = Enumerable.Range(0, count).ToArray();
        random.Shuffle(indices);
        return indices;
    }
}
