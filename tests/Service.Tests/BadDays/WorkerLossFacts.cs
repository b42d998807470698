namespace LoraDrop.Service.Tests;

/// <summary>A stage whose worker is frozen, told to end, or told to let go goes on elsewhere, and its bytes stay what they were.</summary>
[Collection(typeof(BadDays))]
public sealed class WorkerLossFacts(Ground ground)
{
    [Fact]
    public async Task A_worker_that_was_frozen_for_longer_than_its_lease_changes_nothing_when_it_wakes_and_takes_other_work()
    {
        var cluster = await ground.ClusterAsync();
        var (id, frozen) = await RunningAsync(cluster, TinyJob.Endless(5));
        await frozen.FreezeAsync();
        var other = cluster.Workers.Single(node => node != frozen);
        await cluster.UntilAsync(id, job => cluster.WorkerOf(job) == other && Cluster.Step(job) > 0);
        await cluster.AskJobAsync(id, "cancel");
        await cluster.EndedAsync(id, "cancelled");
        var (rows, child) = (await cluster.RowsOfJobAsync(id), Assert.Single(frozen.Children));

        await frozen.ThawAsync();
        await frozen.Process.SaysAsync("Lease lost");
        await cluster.ChildrenAsync(children => !children.Contains(child), within: TimeSpan.FromMinutes(5));
        Assert.Equal(rows, await cluster.RowsOfJobAsync(id));
        // a checkpoint whose storing froze half-way may still come to be, under keys of its own, and goes as the attempt has no row
        await cluster.AssertNothingIsLostOrLeftAsync();

        await other.TerminateAsync();
        await RunningAsync(cluster, TinyJob.Endless(6));
    }

    [Fact]
    public async Task A_worker_that_is_told_to_end_hands_its_stage_back_and_another_goes_on_from_its_checkpoint()
    {
        var cluster = await ground.ClusterAsync();
        var (id, told) = await RunningAsync(cluster, TinyJob.Usual);
        var before = Cluster.Step(await cluster.AskJobAsync(id));
        Assert.Equal(0, await told.TerminateAsync());
        Assert.Empty(told.Children);
        await cluster.AssertUndisturbedAsync((id, TinyJob.Usual));
        var events = await cluster.EventsAsync(id);
        Assert.Equal((1, 1), (events.Count(e => e == "interrupted"), events.Count(e => e == "resumed")));
        var from =
            (string)(await cluster.RowsAsync("SELECT data FROM events WHERE job_id = $1 AND type = 'resumed'", Guid.Parse(id)))[0][0];
        // it saved before it ended
        Assert.True(int.Parse(string.Concat(from.Where(char.IsDigit))) >= before, $"{from}, and it was at {before}");
        await cluster.AssertNothingIsLostOrLeftAsync();
    }

    [Fact]
    public async Task A_running_job_pauses_within_a_moment_and_goes_on_elsewhere_with_the_same_bytes()
    {
        var cluster = await ground.ClusterAsync();
        var (id, first) = await RunningAsync(cluster, TinyJob.Usual);
        await cluster.AskJobAsync(id, "pause");
        await cluster.EndedAsync(id, "paused", TimeSpan.FromMinutes(5));
        Assert.Empty(first.Children);
        await first.KillAsync();
        await Task.Delay(TimeSpan.FromSeconds(1));
        Assert.Equal("paused", (await cluster.AskJobAsync(id)).Text("status"));
        await cluster.AskJobAsync(id, "resume");
        await cluster.AssertUndisturbedAsync((id, TinyJob.Usual));
        Assert.Contains("resumed", await cluster.EventsAsync(id));
        await cluster.AssertNothingIsLostOrLeftAsync();
    }

    /// <summary>A job in the middle of its task adaptation, and who has it.</summary>
    private static async Task<(string Id, Node Worker)> RunningAsync(Cluster cluster, TinyJob job)
    {
        var id = await cluster.SubmitAsync(job);
        var running = await cluster.UntilAsync(id, j => j.Text("stage") == "task-adaptation" && Cluster.Step(j) > 0);
        return (id, cluster.WorkerOf(running)!);
    }
}
