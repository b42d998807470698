namespace LoraDrop.Domain.Tests;

public sealed class HistogramFacts
{
    [Fact]
    public void Every_value_falls_into_one_bin_of_equal_width() =>
        Assert.Equal([2, 1, 0, 1], Histogram.Of([0, 0.9, 1, 3.5], 0, 4, bins: 4).Counts);

    [Fact]
    public void The_last_bin_holds_its_upper_edge() => Assert.Equal([0, 1], Histogram.Of([2], 0, 2, bins: 2).Counts);

    [Fact]
    public void Values_outside_are_not_counted() => Assert.Equal([0, 0], Histogram.Of([-0.1, 2.1, double.NaN], 0, 2, bins: 2).Counts);

    [Fact]
    public void Where_all_values_are_the_same_they_fall_into_the_first_bin() =>
    Assert.Equal([3, 0], Histogram.Of([0, 0, 0], 0, 0, bins: 2).Counts);
}
