using System.Text.Json;

namespace LoraDrop.Service.Tests;

/// <summary>Whatever ends a child, its job says what it was, the worker lives, and the next job runs.</summary>
[Collection(typeof(BadDays))]
public sealed class ChildEndFacts(Ground ground)
{
    private const int Attempts = 3;

    [Fact]
    public async Task A_child_that_a_signal_ends_each_time_fails_its_job_after_two_retries_and_a_person_s_retry_goes_on()
    {
        var cluster = await ground.ClusterAsync();
        var jobs = new[] { (Signal: "SEGV", Id: await cluster.SubmitAsync(TinyJob.Usual)), (Signal: "ABRT", Id: await cluster.SubmitAsync(TinyJob.Usual)) };
        await Task.WhenAll(jobs.Select(async job =>
        {
            for (var attempt = 1; attempt <= Attempts; attempt++)
            {
                await cluster.UntilAsync(job.Id, j => j.Text("stage") == "task-adaptation" && Cluster.Step(j) > 0 && Attempt(j) == attempt);
                var child = await cluster.ChildOfAsync(job.Id);
                await HostProcess.SignalAsync(job.Signal, child);
            }
            var failed = await cluster.EndedAsync(job.Id, "failed");
            Assert.Equal("killed", failed.GetProperty("error").Text("code"));
            Assert.Contains($"SIG{job.Signal}", failed.GetProperty("error").Text("message"));
            Assert.Equal(Attempts - 1, (await cluster.EventsAsync(job.Id)).Count(type => type == "attempt-failed"));
        }));
        Assert.All(cluster.Workers, node => Assert.False(node.Process.HasExited));
        await cluster.AskJobAsync(jobs[0].Id, "retry");
        await cluster.AssertUndisturbedAsync((jobs[0].Id, TinyJob.Usual));
    }

    [Fact]
    public async Task A_child_that_the_kernel_ends_for_memory_fails_its_job_with_that_reason_and_the_next_job_runs()
    {
        using var group = MemoryGroup.New();
        var cluster = await ground.ClusterAsync();
        var (worker, other) = (cluster.Workers[0], cluster.Workers[1]);
        await other.KillAsync();
        group.Take(worker.Process.Id);
        group.Limit(40 << 20);
        var id = await cluster.SubmitAsync(TinyJob.Usual);
        var failed = await cluster.EndedAsync(id, "failed");
        Assert.Equal("out_of_memory", failed.GetProperty("error").Text("code"));
        Assert.Equal(Attempts, Attempt(failed));
        Assert.False(worker.Process.HasExited, worker.Written);
        group.Limit(8L << 30);
        await cluster.AssertUndisturbedAsync((await cluster.SubmitAsync(TinyJob.Usual), TinyJob.Usual));
        await worker.KillAsync();
    }

    private static int Attempt(JsonElement job) => job.GetProperty("stages").EnumerateArray().Single(s => s.Text("stage") == job.Text("stage")).GetProperty("attempt").GetInt32();
}
