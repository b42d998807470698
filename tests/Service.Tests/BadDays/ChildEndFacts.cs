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
        var jobs = new[] { (Signal: "SEGV", Id: await cluster.SubmitAsync(TinyJob.Usual)),
            (Signal: "ABRT", Id: await cluster.SubmitAsync(TinyJob.Usual)) };
        await Task.WhenAll(jobs.Select(async job =>
        {
            for (var attempt = 1; attempt <= Attempts; attempt++)
            {
                await cluster.UntilAsync(job.Id, j => j.Text("stage") == "task-adaptation" && Cluster.Step(j) > 0 && Attempt(j) == attempt);
                await EndAsync(await cluster.ChildOfAsync(job.Id), job.Signal);
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
        var worker = cluster.AddWorker();
        await worker.AtWorkAsync();
        group.Take(worker.Process.Id);
        group.Limit(512 << 20);
        var id = await cluster.SubmitAsync(TinyJob.Endless(4) with { ImportanceEpochs = 0 }, Cluster.On(worker));
        for (var attempt = 1; attempt <= Attempts; attempt++)
        {
            await cluster.UntilAsync(id, job => job.Text("stage") == "task-adaptation" && Cluster.Step(job) > 0 && Attempt(job) == attempt);
            var child = await cluster.ChildOfAsync(id);
            using var eater = group.Eat();
            await cluster.ChildrenAsync(children => !children.Contains(child));
            eater.Kill();
        }
        var failed = await cluster.EndedAsync(id, "failed");
        Assert.Equal("out_of_memory", failed.GetProperty("error").Text("code"));
        Assert.Equal(Attempts, Attempt(failed));
        Assert.False(worker.Process.HasExited, worker.Written);
        await cluster.AssertUndisturbedAsync((await cluster.SubmitAsync(TinyJob.Usual, Cluster.On(worker)), TinyJob.Usual));
        await worker.KillAsync();
    }

    /// <summary>The runtime takes a signal that comes from outside for an accident that passes, and lets the next one through.</summary>
    private static async Task EndAsync(int child, string signal)
    {
        for (; Directory.Exists($"/proc/{child}"); await Task.Delay(100)) await HostProcess.SignalAsync(signal, child);
    }

    private static int Attempt(JsonElement job) =>
        job.GetProperty("stages").EnumerateArray().Single(s => s.Text("stage") == job.Text("stage")).GetProperty("attempt").GetInt32();
}
