namespace LoraDrop.Domain.Tests;

public sealed class StratifiedSampleFacts
{
    private static readonly int[] Classes = [.. Enumerable.Range(0, 2490).Select(i => i % 7 < 5 ? 0 : i % 7 == 5 ? 1 : 2)];
    private static readonly double[] Targets = [.. Enumerable.Range(0, 1000).Select(i => i * 37 % 26 / 5.0)];

    [Theory]
    [InlineData(0.1, 249)]
    [InlineData(0.05, 125)]   // 124.5: halves go up
    [InlineData(0.333, 829)]
    [InlineData(1, 2490)]
    public void The_size_is_exactly_the_share_asked_for(double ratio, int size) => Assert.Equal(size, Sample(ratio).Length);

    [Fact]
    public void Every_class_has_its_share_to_within_one_example()
    {
        var sample = Sample(0.1);
        for (var c = 0; c < 3; c++) Assert.InRange(sample.Count(i => Classes[i] == c) - 0.1 * Classes.Count(x => x == c), -1, 1);
    }

    [Fact]
    public void The_indices_are_distinct_and_ascending()
    {
        var sample = Sample(0.4);
        Assert.Equal(sample.Distinct().Order(), sample);
    }

    [Fact]
    public void The_whole_is_its_own_sample() => Assert.Equal(Enumerable.Range(0, Classes.Length), Sample(1));

    [Fact]
    public void However_small_the_share_every_class_is_there()
    {
        int[] classes = [.. Enumerable.Repeat(0, 997), 1, 2, 3];
        Assert.Equal([0, 1, 2, 3], StratifiedSample.ByClass(classes, 0.001, 42, "test").Select(i => classes[i]));
        Assert.Equal(10, StratifiedSample.ByClass(classes, 0.01, 42, "test").Length);
    }

    [Fact]
    public void Rare_classes_take_their_seat_from_the_ones_with_most_to_spare()
    {
        int[] classes = [.. Enumerable.Repeat(0, 90), .. Enumerable.Repeat(1, 20), .. Enumerable.Range(2, 5)];
        var counts = StratifiedSample.ByClass(classes, 0.1, 42, "test").CountBy(i => classes[i]).OrderBy(c => c.Key).Select(c => c.Value);
        Assert.Equal([6, 1, 1, 1, 1, 1, 1], counts);   // round(11.5) = 12
    }

    [Fact]
    public void The_draw_depends_on_the_seed_and_the_purpose_alone()
    {
        Assert.Equal(Sample(0.1), Sample(0.1));
        Assert.NotEqual(Sample(0.1), StratifiedSample.ByClass(Classes, 0.1, 43, "test"));
        Assert.NotEqual(Sample(0.1), StratifiedSample.ByClass(Classes, 0.1, 42, "other"));
    }

    [Fact]
    public void Every_tenth_of_the_targets_has_its_share()
    {
        var sample = StratifiedSample.ByQuantile(Targets, 0.1, 42, "test");
        var ordered = Enumerable.Range(0, Targets.Length).OrderBy(i => Targets[i]).ToList();
        Assert.Equal(Enumerable.Repeat(10, 10),
            sample.CountBy(i => ordered.IndexOf(i) / 100).OrderBy(bin => bin.Key).Select(bin => bin.Value));
    }

    [Fact]
    public void Few_targets_make_a_sample_too()
    {
        Assert.Equal([0, 1, 2], StratifiedSample.ByQuantile([3, 1, 2], 0.1, 42, "test"));
        Assert.Equal(10, StratifiedSample.ByQuantile(Targets, 0.001, 42, "test").Length);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1.01)]
    [InlineData(double.NaN)]
    public void A_share_outside_0_to_1_is_a_bug_of_the_caller(double ratio) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => StratifiedSample.ByClass([0, 1], ratio, 42, "test"));

    private static int[] Sample(double ratio) => StratifiedSample.ByClass(Classes, ratio, 42, "test");
}
