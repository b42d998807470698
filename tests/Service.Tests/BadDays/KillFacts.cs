namespace LoraDrop.Service.Tests;

/// <summary>What the service owes to its jobs whatever is killed, and whenever.</summary>
[Collection(typeof(BadDays))]
public sealed class KillFacts(Ground ground, ITestOutputHelper output)
{
    [Fact]
    public async Task Jobs_end_once_and_with_the_bytes_of_an_undisturbed_run_whatever_is_killed()
    {
        var cluster = await ground.ClusterAsync();
        await RoundAsync(cluster, kills: 5, longestPause: TimeSpan.FromSeconds(3));
    }

    [Fact(Explicit = true)]
    public async Task Fifty_kills()
    {
        await using var cluster = await Cluster.StartAsync(ground);
        await RoundAsync(cluster, kills: 50, longestPause: TimeSpan.FromSeconds(4));
    }

    private async Task RoundAsync(Cluster cluster, int kills, TimeSpan longestPause)
    {
        var seed = KillRound.NewSeed();
        output.WriteLine($"LORADROP_SEED={seed}");
        var round = new KillRound(cluster, seed);
        try
        {
            await round.RunAsync(kills, longestPause);
            output.WriteLine($"{await cluster.AssertNothingIsLostOrLeftAsync()} objects were left for the sweep");
        }
        finally
        {
            round.Done.ForEach(output.WriteLine);
        }
    }
}
