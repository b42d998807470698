namespace LoraDrop.Service.Tests;

/// <summary>A job can be cancelled wherever it is.</summary>
[Collection(typeof(BadDays))]
public sealed class CancelFacts(Ground ground)
{
    private static readonly TimeSpan AMoment = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task A_job_is_cancelled_at_every_stage_and_a_retry_goes_on_with_the_same_bytes()
    {
        var cluster = await ground.ClusterAsync();

        // Both workers are busy: one with an importance evaluation, one with a task adaptation. The latter ends by itself some time, so it
        // is cancelled first.
        var measuring = await cluster.SubmitAsync(TinyJob.Endless(7) with { ImportanceEpochs = 100_000 });
        await cluster.UntilAsync(measuring, job => Cluster.Step(job) > 0);
        var adapting = await cluster.SubmitAsync(TinyJob.Usual with { EvaluateEvery = 10, Epochs = 100 });
        await cluster.UntilAsync(adapting, job => job.Text("stage") == "task-adaptation" && Cluster.Step(job) > 0);

        var waiting = await cluster.SubmitAsync(TinyJob.Endless(8));
        Assert.Equal("queued", (await cluster.AskJobAsync(waiting)).Text("status"));
        Assert.Equal("cancelled", (await cluster.AskJobAsync(waiting, "cancel")).Text("status"));

        await cluster.AskJobAsync(adapting, "cancel");
        await cluster.EndedAsync(adapting, "cancelled", AMoment);
        Assert.Single(cluster.Workers.SelectMany(node => node.Children));

        await cluster.AskAsync(HttpMethod.Post, "/models",
            new StringContent($$"""{"name": "late-{{waiting}}", "source": "file:{{ground.Tiny.Model}}/"}""", null, "application/json"));
        var early = (await cluster.AskAsync(HttpMethod.Post, "/jobs",
            new StringContent(TinyJob.Usual.Json($"late-{waiting}", "moods"), null, "application/json"))).Text("id");
        Assert.Equal("cancelled", (await cluster.AskJobAsync(early, "cancel")).Text("status"));

        await cluster.AskJobAsync(measuring, "cancel");
        await cluster.EndedAsync(measuring, "cancelled", AMoment);
        await cluster.ChildrenAsync(children => children.Count == 0, within: AMoment); // the late model is read by one, too
        await cluster.AskJobAsync(adapting, "retry");
        await cluster.SucceededAsync(adapting);
        await cluster.AssertUndisturbedAsync((adapting, TinyJob.Usual with { EvaluateEvery = 10, Epochs = 100 }));
        await cluster.AssertNothingIsLostOrLeftAsync();
    }

    [Fact]
    public async Task A_job_is_cancelled_between_its_stages()
    {
        var cluster = await ground.ClusterAsync();
        await cluster.Workers[1].KillAsync();
        var between = await cluster.SubmitAsync(TinyJob.Endless(9) with { ImportanceEpochs = 100 });
        await cluster.UntilAsync(between, job => job.Text("status") == "running");
        var urgent = await cluster.SubmitAsync(TinyJob.Endless(10) with { ImportanceEpochs = 0 }, "\"priority\": \"high\"");
        await cluster.UntilAsync(urgent, job => job.Text("status") == "running");
        var job = await cluster.AskJobAsync(between);
        Assert.Equal(("running", "queued"), (job.Text("status"), job.GetProperty("stages")[1].Text("status")));
        Assert.Equal("cancelled", (await cluster.AskJobAsync(between, "cancel")).Text("status"));
        Assert.Empty((await cluster.RowsAsync("SELECT 1 FROM stages WHERE job_id = $1 AND status NOT IN ('succeeded', 'cancelled')",
            Guid.Parse(between))));
    }
}
