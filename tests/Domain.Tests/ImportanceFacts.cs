namespace LoraDrop.Domain.Tests;

public sealed class ImportanceFacts
{
    private static readonly Dictionary<Site, double> G = new()
    {
        [new("query", 0)] = 1, [new("query", 1)] = 3,
        [new("value", 0)] = 8, [new("value", 1)] = 4,
    };

    [Fact]
    public void Importance_is_the_share_of_a_layer_among_those_of_its_type()
    {
        var I = Importance.Of(G, ImportanceScope.PerType);
        Assert.Equal([0.25, 0.75], Of(I, "query"));
        Assert.Equal([8 / 12.0, 4 / 12.0], Of(I, "value"));
    }

    [Fact]
    public void Jointly_the_modules_of_a_layer_are_added_first_and_share_its_fate()
    {
        var I = Importance.Of(G, ImportanceScope.Joint);
        Assert.Equal([9 / 16.0, 7 / 16.0], Of(I, "query"));
        Assert.Equal(Of(I, "query"), Of(I, "value"));
    }

    [Theory]
    [InlineData(ImportanceScope.PerType)]
    [InlineData(ImportanceScope.Joint)]
    public void It_sums_to_1_for_every_type(ImportanceScope scope) =>
        Assert.All(Importance.Of(G, scope).GroupBy(site => site.Key.Type), type => Assert.Equal(1, type.Sum(site => site.Value), 1e-15));

    [Fact]
    public void A_layer_that_put_out_nothing_has_no_importance() =>
        Assert.Equal(0, Importance.Of(new Dictionary<Site, double> { [new("query", 0)] = 0, [new("query", 1)] = 2 },
            ImportanceScope.PerType)[new("query", 0)]);

    [Fact]
    public void Where_no_layer_put_out_anything_there_is_nothing_to_rank()
    {
        var refused = Assert.Throws<RefusedInputException>(() =>
            Importance.Of(new Dictionary<Site, double>(G) { [new("query", 0)] = 0, [new("query", 1)] = 0 }, ImportanceScope.PerType));
        Assert.Equal("importance.g", Assert.Single(refused.Faults).Path);
        Assert.Contains("query", refused.Message);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(-1)]
    public void A_sum_of_squares_that_is_none_is_refused_with_its_layer(double g)
    {
        var refused = Assert.Throws<RefusedInputException>(() =>
            Importance.Of(new Dictionary<Site, double>(G) { [new("value", 1)] = g }, ImportanceScope.Joint));
        Assert.Equal("importance.g", Assert.Single(refused.Faults).Path);
        Assert.Contains("value 1", refused.Message);
    }

    private static IEnumerable<double> Of(IReadOnlyDictionary<Site, double> importance, string type) =>
        importance.Where(site => site.Key.Type == type).OrderBy(site => site.Key.Layer).Select(site => site.Value);
}
