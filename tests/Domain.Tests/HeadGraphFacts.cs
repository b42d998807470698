namespace LoraDrop.Domain.Tests;

public sealed class HeadGraphFacts
{
    [Fact]
    public void PageRank_is_the_fixed_point_of_its_equation()
    {
        double[,] r = { { 1, 0.2, 0.6 }, { 0.2, 1, 0.1 }, { 0.6, 0.1, 1 } };
        double[] I = [1, 2, 3];
        var p = HeadGraph.PageRank(r, I, 0.85);
        Assert.Equal(1, p.Sum(), 1e-9);
        for (var h = 0; h < 3; h++)
        {
            var led = Enumerable.Range(0, 3).Where(from => from != h)
                .Sum(from => p[from] * r[h, from] / Enumerable.Range(0, 3).Where(to => to != from).Sum(to => r[to, from]));
            Assert.Equal(0.85 * led + 0.15 * I[h] / 6, p[h], 1e-9);
        }
    }

    [Fact]
    public void With_two_heads_it_is_known_in_closed_form()
    {
        var p = HeadGraph.PageRank(new[,] { { 0, 0.3 }, { 0.3, 0 } }, [3, 1], 0.5);
        Assert.Equal(2.0 / 3 * (0.75 + 0.5 * 0.25), p[0], 1e-9);                 // p₀ = ½p₁ + ½·¾, p₁ = ½p₀ + ½·¼
        Assert.Equal(1 - p[0], p[1], 1e-9);
    }

    [Fact]
    public void Without_damping_or_without_correlations_richness_decides()
    {
        Assert.Equal([0.25, 0.75], HeadGraph.PageRank(new[,] { { 0, 0.3 }, { 0.3, 0 } }, [1, 3], 0));
        var alone = HeadGraph.PageRank(new double[3, 3], [1, 1, 2], 0.85);
        Assert.Equal(0.5, alone[2], 1e-9);
        Assert.Equal([1.0], HeadGraph.PageRank(new double[1, 1], [0.3], 0.85).Select(p => Math.Round(p, 9)));
    }

    [Fact]
    public void A_head_that_is_like_many_others_comes_before_one_that_is_like_none()
    {
        double[,] r = { { 1, 0.9, 0.9, 0.01 }, { 0.9, 1, 0.1, 0.01 }, { 0.9, 0.1, 1, 0.01 }, { 0.01, 0.01, 0.01, 1 } };
        var p = HeadGraph.PageRank(r, [1, 1, 1, 1], 0.85);
        Assert.Equal([0], HeadGraph.Highest(p, 1));
        Assert.Equal([0, 1, 2], HeadGraph.Highest(p, 3));
    }

    [Fact]
    public void Of_equal_scores_the_first_are_chosen() => Assert.Equal([0, 2], HeadGraph.Highest([1, 0, 1, 1], 2));
}
