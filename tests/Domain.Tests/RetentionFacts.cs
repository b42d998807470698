namespace LoraDrop.Domain.Tests;

public sealed class RetentionFacts
{
    private static readonly double[] I = [0.05, 0.3, 0.1, 0.35, 0.05, 0.15];

    [Theory]
    [InlineData(1e-9)]
    [InlineData(0.1)]
    [InlineData(0.35)]
    public void The_most_important_layer_is_always_kept(double T) => Assert.Equal([3], Retention.Kept(I, T));

    [Theory]
    [InlineData(0.36, new[] { 3, 1 })]
    [InlineData(0.65, new[] { 3, 1 })]
    [InlineData(0.66, new[] { 3, 1, 5 })]
    [InlineData(0.9, new[] { 3, 1, 5, 2 })]
    [InlineData(0.91, new[] { 3, 1, 5, 2, 0 })]
    public void The_fewest_layers_that_reach_the_threshold_are_kept(double T, int[] kept) => Assert.Equal(kept, Retention.Kept(I, T));

    [Fact]
    public void Raising_the_threshold_never_drops_a_layer()
    {
        var random = new SplitMix64(1);
        for (var trial = 0; trial < 50; trial++)
        {
            var g = Enumerable.Range(0, 12).Select(_ => random.NextUnit()).ToArray();
            var importance = g.Select(x => x / g.Sum()).ToArray();
            var kept = Enumerable.Range(1, 100).Select(percent => Retention.Kept(importance, percent / 100.0)).ToArray();
            Assert.All(kept.Zip(kept.Skip(1)), pair => Assert.Equal(pair.First, pair.Second.Take(pair.First.Count)));
        }
    }

    [Fact]
    public void Of_equal_layers_the_lower_one_is_kept()
    {
        Assert.Equal([0, 1], Retention.Kept([0.25, 0.25, 0.25, 0.25], 0.5));
        Assert.Equal([2, 0], Retention.Kept([0.3, 0.3, 0.4], 0.7));
    }

    [Fact]
    public void A_threshold_of_1_keeps_even_a_layer_of_no_importance() => Assert.Equal([1, 0, 2], Retention.Kept([0, 1, 0], 1));

    [Fact]
    public void A_sum_that_rounding_leaves_a_hair_under_the_threshold_has_reached_it()
    {
        double[] tenths = [.. Enumerable.Repeat(0.1, 10)];
        Assert.True(tenths.Take(8).Aggregate((a, b) => a + b) < 0.8, "the example has lost its point");
        Assert.Equal(8, Retention.Kept(tenths, 0.8).Count);
    }

    [Fact]
    public void A_sum_that_is_short_by_more_than_rounding_has_not() =>
        Assert.Equal([0, 1], Retention.Kept([0.5, 0.3, 0.2], 0.5 + 2 * Retention.Slack));

    [Fact]
    public void Auto_keeps_as_many_as_importance_is_effectively_spread_over()
    {
        Assert.Equal(12, Retention.Count([.. Enumerable.Repeat(1.0 / 12, 12)], Threshold.Auto));
        Assert.Equal(1, Retention.Count([0, 1, 0], Threshold.Auto));
        Assert.Equal(1 / (0.05 * 0.05 * 2 + 0.3 * 0.3 + 0.1 * 0.1 + 0.35 * 0.35 + 0.15 * 0.15), Retention.Spread(I), 1e-12);
        Assert.Equal(4, Retention.Count(I, Threshold.Auto)); // of 4 at 3.999…, not of 5
        Assert.Equal(4, Retention.Count(I, 0.9));
    }

    [Theory]
    [InlineData(Selection.Importance, new[] { 1, 3 })]
    [InlineData(Selection.Inverse, new[] { 0, 2, 4, 5 })]
    [InlineData(Selection.Top, new[] { 4, 5 })]
    public void A_rule_says_which_layers_are_kept(Selection rule, int[] kept) =>
    Assert.Equal(kept, Retention.Choose(I, 2, rule, new SplitMix64(0)));

    [Fact]
    public void Random_keeps_as_many_as_asked_and_depends_on_the_stream_alone()
    {
        Assert.Equal(Retention.Choose(I, 3, Selection.Random, new SplitMix64(5)),
            Retention.Choose(I, 3, Selection.Random, new SplitMix64(5)));
        var draws = Enumerable.Range(0, 50).Select(seed => Retention.Choose(I, 3, Selection.Random, SplitMix64.For(seed, "selection")))
            .ToArray();
        Assert.All(draws, draw => Assert.Equal(3, draw.Distinct().Count()));
        Assert.All(draws, draw => Assert.Equal(draw.Order(), draw));
        Assert.Equal(Enumerable.Range(0, 6), draws.SelectMany(draw => draw).Distinct().Order());
    }
}
