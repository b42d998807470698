using System.Diagnostics;
using LoraDrop.Domain;

namespace LoraDrop.Service.Tests;

/// <summary>Kills workers, their children and the Api at random moments while jobs are in flight.</summary>
internal sealed class KillRound(Cluster cluster, long seed)
{
    /// <summary>Jobs in flight at any moment.</summary>
    private const int InFlight = 3;

    /// <summary>Both stages, and one alone.</summary>
    private static readonly TinyJob[] Kinds = [new(1), new(2, ImportanceEpochs: 0), new(3, Epochs: 40)];

    private readonly SplitMix64 _random = SplitMix64.For(seed, "kills");
    private readonly List<(string Id, TinyJob Job)> _jobs = [];

    /// <summary>What was done, in its order.</summary>
    public List<string> Done { get; } = [];

    /// <summary>Where a round does not name one, each has a seed of its own.</summary>
    public static long NewSeed() => long.TryParse(Environment.GetEnvironmentVariable("LORADROP_SEED"), out var named)
        ? named
        : Stopwatch.GetTimestamp() % 1_000_000;

    /// <summary>Kills so many times, and keeps so many jobs in flight that each hits somebody; then waits until all jobs are
    /// done.</summary>
    public async Task RunAsync(int kills, TimeSpan longestPause)
    {
        while (_jobs.Count < InFlight) await SubmitAsync();
        for (var kill = 0; kill < kills; kill++)
        {
            await cluster.ChildrenAsync(children => children.Count > 0); // nothing is disturbed before somebody is at work
            await Task.Delay(longestPause * _random.NextUnit());
            await KillAsync();
            if (await ActiveAsync() < InFlight - 1) await SubmitAsync();
        }
        await cluster.AssertUndisturbedAsync([.. _jobs]);
    }

    private async Task KillAsync()
    {
        var dice = _random.NextUnit();
        if (dice < 0.2)
        {
            Note("kill the Api");
            await cluster.Api.KillAsync();
            cluster.Api.Start();
            return;
        }
        var node = cluster.Workers[_random.NextBelow(cluster.Workers.Count)];
        if (dice < 0.6 && node.Children is { Count: > 0 } children)
        {
            var child = children[_random.NextBelow(children.Count)];
            Note($"kill child {child} of {node.Name}");
            await HostProcess.SignalAsync("KILL", child);
            return;
        }
        Note($"kill {node.Name}");
        await node.KillAsync();
        node.Start();
    }

    private async Task SubmitAsync()
    {
        var job = Kinds[_jobs.Count % Kinds.Length];
        _jobs.Add((await cluster.SubmitAsync(job), job));
    }

    private async Task<int> ActiveAsync() =>
        (int)(long)(await cluster.RowsAsync("SELECT count(*) FROM jobs WHERE status IN ('queued', 'running')"))[0][0];

    private void Note(string what) => Done.Add($"{TimeProvider.System.GetUtcNow():mm:ss.fff} {what}");
}
