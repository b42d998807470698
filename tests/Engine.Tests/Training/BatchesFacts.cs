using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

public sealed class BatchesFacts
{
    private static readonly int[] Lengths = RandomLengths(2490);

    [Fact]
    public void Every_example_occurs_once_and_only_one_batch_is_smaller()
    {
        var batches = Batches.ByLength(Lengths, 32, seed: 42, epoch: 0);
        Assert.Equal(Enumerable.Range(0, 2490), batches.SelectMany(b => b).Order());
        Assert.Equal([26, 32], batches.Select(b => b.Length).Distinct().Order());
        Assert.Single(batches, b => b.Length == 26);
    }

    [Fact]
    public void Seed_and_epoch_alone_decide()
    {
        Assert.Equal(Batches.ByLength(Lengths, 16, 42, 3), Batches.ByLength(Lengths, 16, 42, 3));
        Assert.NotEqual(Batches.ByLength(Lengths, 16, 42, 3), Batches.ByLength(Lengths, 16, 42, 4));
        Assert.NotEqual(Batches.ByLength(Lengths, 16, 42, 3), Batches.ByLength(Lengths, 16, 43, 3));
    }

    [Fact]
    public void Batches_by_length_are_far_less_padding_than_random_ones()
    {
        var random = Batches.PaddingShare(Batches.Random(Lengths.Length, 32, 42, 0), Lengths);
        var byLength = Batches.PaddingShare(Batches.ByLength(Lengths, 32, 42, 0), Lengths);
        Assert.InRange(byLength, 0, random / 4);
    }

    [Fact]
    public void Long_and_short_batches_come_in_random_order()
    {
        var longest = Batches.ByLength(Lengths, 32, 42, 0).Select(b => b.Max(i => Lengths[i])).ToArray();
        Assert.NotEqual(longest.Order(), longest);
    }

    [Fact]
    public void Padding_is_what_is_missing_to_the_longest_of_each_batch() =>
        Assert.Equal(1 - 9.0 / 11, Batches.PaddingShare([[0, 1], [2]], [2, 4, 3]), 12);

    [Fact]
    public void Evaluation_starts_with_the_longest_and_its_indices_lead_back()
    {
        var batches = Batches.LongestFirst([3, 9, 5, 9, 1], 2);
        Assert.Equal([[1, 3], [2, 0], [4]], batches);
    }

    private static int[] RandomLengths(int count)
    {
        var random = SplitMix64.For(7, "lengths");
        return [.. Enumerable.Range(0, count).Select(_ => 10 + (int)(200 * Math.Pow(random.NextUnit(), 3)))];
    }
}
