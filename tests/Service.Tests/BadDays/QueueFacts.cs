using System.Diagnostics;

namespace LoraDrop.Service.Tests;

/// <summary>Who takes what, when, and how often.</summary>
[Collection(typeof(BadDays))]
public sealed class QueueFacts(Ground ground, ITestOutputHelper output)
{
    private const string InZoneB = "\"worker\": {\"labels\": {\"zone\": \"b\"}}";

    /// <summary>The shortest that the setting takes.</summary>
    private static readonly TimeSpan Invisibility = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Stages_start_at_once_go_by_priority_and_label_and_a_long_one_does_not_start_twice()
    {
        await using var cluster = await Cluster.StartAsync(ground, workers: 1, change: settings => settings["LORADROP_QUEUE__INVISIBILITYTIMEOUT"] = Invisibility.ToString());
        var began = Stopwatch.GetTimestamp();
        var longest = await cluster.SubmitAsync(TinyJob.Endless(1) with { ImportanceEpochs = 0 });
        await cluster.UntilAsync(longest, job => job.Text("status") == "running");
        var labelled = cluster.AddWorker(("LORADROP_WORKER__LABELS__zone", "b"));
        await labelled.AtWorkAsync();
        await Task.Delay(TimeSpan.FromSeconds(1)); // it polls now

        var starts = new List<TimeSpan>();
        for (var i = 0; i < 5; i++)
        {
            var sent = Stopwatch.GetTimestamp();
            var id = await cluster.SubmitAsync(TinyJob.Endless(i), InZoneB);
            var running = await cluster.UntilAsync(id, job => job.Text("status") == "running");
            starts.Add(Stopwatch.GetElapsedTime(sent));
            Assert.Same(labelled, cluster.WorkerOf(running));
            await cluster.AskJobAsync(id, "cancel");
            await cluster.EndedAsync(id, "cancelled");
            await Task.Delay(100);
        }
        output.WriteLine($"from POST to running: median {starts.Order().ElementAt(2).TotalMilliseconds:0} ms, at most {starts.Max().TotalMilliseconds:0} ms");
        Assert.True(starts.Order().ElementAt(2) < TimeSpan.FromSeconds(1), string.Join(", ", starts));

        var ahead = await cluster.SubmitAsync(TinyJob.Endless(1), InZoneB);
        await cluster.UntilAsync(ahead, job => job.Text("status") == "running");
        var tiny = new TinyJob(1, ImportanceEpochs: 0, MaxSteps: 1);
        var queued = new List<string>();
        foreach (var priority in new[] { "low", "default", "high" }) queued.Add(await cluster.SubmitAsync(tiny, $"{InZoneB}, \"priority\": \"{priority}\""));
        await cluster.AskJobAsync(ahead, "cancel");
        var started = new List<DateTimeOffset>();
        foreach (var id in queued) started.Add((await cluster.SucceededAsync(id)).GetProperty("startedAt").GetDateTimeOffset());
        Assert.Equal(started.OrderDescending(), started);

        await Task.Delay(TimeSpan.FromTicks(Math.Max(0, (Invisibility * 2 + TimeSpan.FromSeconds(2) - Stopwatch.GetElapsedTime(began)).Ticks)));
        var still = (await cluster.AskJobAsync(longest)).GetProperty("stages")[0];
        Assert.Equal((1, "running"), (still.GetProperty("attempt").GetInt32(), still.Text("status")));
        Assert.Equal(2, cluster.Workers.Count);
        Assert.Single(cluster.Workers.SelectMany(node => node.Children));
    }
}
