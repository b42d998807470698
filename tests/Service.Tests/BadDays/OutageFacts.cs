using LoraDrop.Storage.Tests;

namespace LoraDrop.Service.Tests;

/// <summary>What jobs and requests get while the database or the object store is gone: a clear word, and in the end all that they would
/// have got.</summary>
[Collection(typeof(BadDays))]
public sealed class OutageFacts(Ground ground, ITestOutputHelper output)
{
    private static readonly TimeSpan LongerThanALease = Cluster.Lease * 2;

    [Fact]
    public async Task A_database_that_is_restarted_and_then_gone_for_longer_than_a_lease_costs_a_job_nothing_but_time() =>
    await DatabaseAsync(await ground.ClusterAsync(), LongerThanALease);

    [Fact(Explicit = true)]
    public async Task A_database_that_is_gone_for_a_minute() => await DatabaseAsync(await ground.ClusterAsync(), TimeSpan.FromMinutes(1));

    [Fact]
    public async Task A_store_that_is_gone_slow_refuses_or_breaks_in_the_middle_of_uploads_costs_a_job_nothing_but_time() =>
    await StoreAsync(await ground.ClusterAsync());

    [Fact(Explicit = true)]
    public async Task So_does_one_that_stores_objects_whole_and_only_where_there_is_none()
    {
        await using var cluster = await Cluster.StartAsync(ground, strict: true);
        await StoreAsync(cluster);
    }

    private static async Task StoreAsync(Cluster cluster)
    {
        var id = await cluster.SubmitAsync(TinyJob.Usual);
        await cluster.UntilAsync(id, job => job.Text("stage") == "task-adaptation" && Cluster.Step(job) > 0);
        foreach (var trouble in new Trouble[] { new Trouble.BreakAfter(3_000), new Trouble.Answer(503), new Trouble.Slow(20_000),
            new Trouble.Answer(500), new Trouble.BreakAnswerAfter(100), new Trouble.Refuse() })
        {
            cluster.ToStore.Trouble = trouble;
            await Task.Delay(TimeSpan.FromSeconds(1));
        }
        Assert.Null(await cluster.TryAsync(HttpMethod.Post, "/datasets",
            () => new MultipartFormDataContent { { new StringContent("more"), "name" },
            { new ByteArrayContent("text\tmood\na\tgood\n"u8.ToArray()), "train", "train.tsv" } }));
        Assert.Equal(["store_unreachable"], cluster.Outages.Distinct());
        await cluster.ChildrenAsync(children => children.Count == 0); // the run is over, and what it left cannot be stored
        await Task.Delay(TimeSpan.FromSeconds(1));
        Assert.Equal("running", (await cluster.AskJobAsync(id)).Text("status"));
        cluster.ToStore.Trouble = new Trouble.BreakAfter(3_000);
        await Task.Delay(TimeSpan.FromSeconds(2));
        cluster.ToStore.Trouble = new Trouble.None();
        await cluster.AssertUndisturbedAsync((id, TinyJob.Usual));
        Assert.Equal(1, await AttemptsAsync(cluster, id));
        await cluster.AssertNothingIsLostOrLeftAsync();
    }

    private async Task DatabaseAsync(Cluster cluster, TimeSpan gone)
    {
        var (first, second) = (await cluster.SubmitAsync(TinyJob.Usual), await cluster.SubmitAsync(TinyJob.Endless(2)));
        await cluster.UntilAsync(first, job => job.Text("stage") == "task-adaptation" && Cluster.Step(job) > 0);
        await cluster.Postgres.RestartAsync(immediate: true);
        await cluster.UntilAsync(second, job => job.Text("stage") == "task-adaptation" && Cluster.Step(job) > 0);

        await cluster.Postgres.StopAsync(immediate: true);
        for (var end = DateTime.UtcNow + gone; DateTime.UtcNow < end; await Task.Delay(200))
        {
            Assert.Null(await cluster.TryAsync(HttpMethod.Get, $"/jobs/{first}"));
            Assert.Null(await cluster.TryAsync(HttpMethod.Get, "/jobs?status=running"));
            Assert.Null(await cluster.TryAsync(HttpMethod.Post, "/jobs",
                () => new StringContent(TinyJob.Usual.Json("tiny", "moods"), null, "application/json")));
        }
        Assert.Equal(["database_unreachable"], cluster.Outages.Distinct());
        output.WriteLine($"{cluster.Outages.Count} requests were answered with 503 in {gone}");
        await cluster.Postgres.StartAgainAsync();

        await cluster.AssertUndisturbedAsync((first, TinyJob.Usual));
        await cluster.AskJobAsync(second, "cancel");
        await cluster.EndedAsync(second, "cancelled");
        await cluster.AssertNothingIsLostOrLeftAsync();
        // after an outage nobody is declared dead who is not
        Assert.Equal((1, 1), (await AttemptsAsync(cluster, first), await AttemptsAsync(cluster, second)));
    }

    private static async Task<int> AttemptsAsync(Cluster cluster, string job) =>
        (int)(await cluster.RowsAsync("SELECT max(attempt) FROM stages WHERE job_id = $1", Guid.Parse(job)))[0][0];
}
