using System.Diagnostics;
using LoraDrop.Domain;

namespace LoraDrop.Service.Tests;

/// <summary>A crowd of clients and jobs while workers come and go.</summary>
[Collection(typeof(BadDays))]
public sealed class ManyJobsFacts(Ground ground, ITestOutputHelper output)
{
    private const int Clients = 50, JobsOfAClient = 20, Workers = 3;

    [Fact(Explicit = true)]
    public async Task A_thousand_jobs_of_fifty_clients_are_done_once_each_while_workers_come_and_go()
    {
        var seed = KillRound.NewSeed();
        output.WriteLine($"LORADROP_SEED={seed}");
        var random = SplitMix64.For(seed, "workers");
        await using var cluster = await Cluster.StartAsync(ground, Workers);
        TinyJob[] kinds = [new(1, ImportanceEpochs: 0, MaxSteps: 1), new(2, ImportanceEpochs: 0, MaxSteps: 1),
            new(3, ImportanceEpochs: 0, MaxSteps: 2)];
        var began = Stopwatch.GetTimestamp();
        var jobs = (await Task.WhenAll(Enumerable.Range(0, Clients).Select(async client =>
        {
            var mine = new List<(string Id, TinyJob Job)>();
            for (var i = 0; i < JobsOfAClient; i++)
                mine.Add((await cluster.SubmitAsync(kinds[(client + i) % kinds.Length]), kinds[(client + i) % kinds.Length]));
            return mine;
        }))).SelectMany(mine => mine).ToArray();
        output.WriteLine($"{jobs.Length} jobs submitted in {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s");

        var (killed, told) = (0, 0);
        for (long left = jobs.Length, shown = left; left > 0;)
        {
            await Task.Delay(TimeSpan.FromSeconds(5 + 10 * random.NextUnit()));
            var node = cluster.Workers[random.NextBelow(Workers)];
            if (random.NextUnit() < 0.5)
            {
                await node.KillAsync();
                killed++;
            }
            else
            {
                Assert.Equal(0, await node.TerminateAsync());
                told++;
            }
            node.Start();
            var rows = await cluster.RowsAsync("SELECT count(*) FROM jobs WHERE status IN ('queued', 'running')");
            left = (long)rows[0][0];
            if (shown - left < 100 && left > 0) continue;
            output.WriteLine($"{Stopwatch.GetElapsedTime(began).TotalSeconds:0} s: {left} left");
            shown = left;
        }
        var took = Stopwatch.GetElapsedTime(began);
        output.WriteLine($"done in {took.TotalSeconds:0} s, {jobs.Length / took.TotalMinutes:0} a minute, with {Workers} "
            + $"workers, of which {killed} were killed and {told} told to end meanwhile");

        Assert.Equal(jobs.Length, (long)(await cluster.RowsAsync("SELECT count(*) FROM jobs WHERE status = 'succeeded'"))[0][0]);
        Assert.Empty(await cluster.RowsAsync("SELECT job_id FROM events WHERE type = 'succeeded' GROUP BY job_id HAVING count(*) > 1"));
        foreach (var job in jobs) await cluster.AssertUndisturbedAsync(job);
        output.WriteLine($"{await cluster.AssertNothingIsLostOrLeftAsync()} objects were left for the sweep; "
            + $"{(await cluster.RowsAsync("SELECT coalesce(sum(interruptions), 0) FROM stages"))[0][0]} stages were " + "interrupted");
    }
}
