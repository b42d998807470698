using System.Diagnostics;

namespace LoraDrop.Service.Tests;

/// <summary>Who takes what, when, and how often.</summary>
[Collection(typeof(BadDays))]
public sealed class QueueFacts(Ground ground, ITestOutputHelper output)
{
    [Fact]
    public async Task Stages_start_at_once_go_by_priority_and_label_and_a_long_one_does_not_start_twice()
    {
        var cluster = await ground.ClusterAsync();
        var (other, labelled) = (cluster.Workers[0], cluster.Workers[1]);
        var began = Stopwatch.GetTimestamp();
        var longest = await cluster.SubmitAsync(TinyJob.Endless(1) with { ImportanceEpochs = 0 }, Cluster.On(other));
        await cluster.UntilAsync(longest, job => job.Text("status") == "running");

        var starts = new List<TimeSpan>();
        for (var i = 0; i < 5; i++)
        {
            var sent = Stopwatch.GetTimestamp();
            var id = await cluster.SubmitAsync(TinyJob.Endless(i), Cluster.On(labelled));
            var running = await cluster.UntilAsync(id, job => job.Text("status") == "running");
            starts.Add(Stopwatch.GetElapsedTime(sent));
            Assert.Same(labelled, cluster.WorkerOf(running));
            await cluster.AskJobAsync(id, "cancel");
            await cluster.EndedAsync(id, "cancelled");
            await Task.Delay(100);
        }
        output.WriteLine($"from POST to running: median {starts.Order().ElementAt(2).TotalMilliseconds:0} ms, at most "
            + $"{starts.Max().TotalMilliseconds:0} ms");
        Assert.True(starts.Order().ElementAt(2) < TimeSpan.FromSeconds(3), string.Join(", ", starts));

        // in one stage: between two, another stage of the same priority that waits longer would come first
        var ahead = await cluster.SubmitAsync(TinyJob.Endless(1) with { ImportanceEpochs = 0 }, Cluster.On(labelled));
        await cluster.UntilAsync(ahead, job => job.Text("status") == "running");
        var tiny = new TinyJob(1, ImportanceEpochs: 0, MaxSteps: 1);
        var queued = new List<string>();
        foreach (var priority in new[] { "low", "default", "high" })
            queued.Add(await cluster.SubmitAsync(tiny, $"{Cluster.On(labelled)}, \"priority\": \"{priority}\""));
        await cluster.AskJobAsync(ahead, "cancel");
        var started = new List<DateTimeOffset>();
        foreach (var id in queued) started.Add((await cluster.SucceededAsync(id)).GetProperty("startedAt").GetDateTimeOffset());
        Assert.Equal(started.OrderDescending(), started);

        await Task.Delay(
            TimeSpan.FromTicks(Math.Max(0, (Cluster.Invisibility * 2 + TimeSpan.FromSeconds(2) - Stopwatch.GetElapsedTime(began)).Ticks)));
        var still = (await cluster.AskJobAsync(longest)).GetProperty("stages")[0];
        Assert.Equal((1, "running"), (still.GetProperty("attempt").GetInt32(), still.Text("status")));
        Assert.Single(cluster.Workers.SelectMany(node => node.Children));
    }
}
