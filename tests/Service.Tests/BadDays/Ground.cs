using System.Collections.Concurrent;
using System.Security.Cryptography;
using LoraDrop.Engine.Tests;
using LoraDrop.Storage.Tests;

namespace LoraDrop.Service.Tests;

/// <summary>Tests of bad days take the whole machine, and run one after the other when nothing else does.</summary>
[CollectionDefinition(DisableParallelization = true)]
public sealed class BadDays : ICollectionFixture<Ground>;

/// <summary>What the bad days of all tests happen on: a PostgreSQL and an S3 server that any of them may stop, a tiny model and its
/// data.</summary>
public sealed class Ground : IAsyncDisposable
{
    /// <summary>What is compared with an undisturbed run.</summary>
    public static readonly string[] Compared = ["adapter/adapter_model.safetensors", "adapter/adapter_config.json", "importance.json"];

    private readonly ConcurrentDictionary<TinyJob, Lazy<Task<IReadOnlyDictionary<string, string>>>> _undisturbed = new();
    private readonly Lazy<Task<PostgresServer>> _postgres = new(PostgresServer.StartAsync);
    private readonly Lazy<Task<S3Server>> _s3 = new(() => S3Server.StartAsync());
    private readonly Lazy<Task<S3Server>> _strict = new(() => S3Server.StartAsync(conditions: true));
    private readonly Lazy<TinyTask> _tiny = new(() => new());
    private Cluster? _cluster;
    private int _runs;

    internal TinyTask Tiny => _tiny.Value;

    internal Task<PostgresServer> PostgresAsync() => _postgres.Value;

    /// <param name="strict">Whether objects appear whole or not at all and only where there is none, as on AWS; else as on a simple
    /// server.</param>
    internal Task<S3Server> S3Async(bool strict) => (strict ? _strict : _s3).Value;

    /// <summary>An Api and two idle workers that tests share, one after the other.</summary>
    internal async Task<Cluster> ClusterAsync()
    {
        if (_cluster is null) return _cluster = await Cluster.StartAsync(this);
        await _cluster.CalmAsync(workers: 2);
        return _cluster;
    }

    /// <summary>The sha256 of what <c>loradrop train</c> leaves of the same settings, by name; once for equal jobs.</summary>
    internal Task<IReadOnlyDictionary<string, string>> UndisturbedAsync(TinyJob job) =>
        _undisturbed.GetOrAdd(job, _ => new(() => TrainAsync(job))).Value;

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null) await _cluster.DisposeAsync();
        if (_postgres.IsValueCreated && _postgres.Value.IsCompletedSuccessfully) await (await _postgres.Value).DisposeAsync();
        foreach (var server in new[] { _s3, _strict })
            if (server.IsValueCreated && server.Value.IsCompletedSuccessfully) await (await server.Value).DisposeAsync();
        if (_tiny.IsValueCreated) _tiny.Value.Dispose();
    }

    private async Task<IReadOnlyDictionary<string, string>> TrainAsync(TinyJob job)
    {
        var (settings, folder) = (Tiny.Out($"undisturbed-{Interlocked.Increment(ref _runs)}.json"), Tiny.Out($"undisturbed-{_runs}"));
        await File.WriteAllTextAsync(settings, job.Json(Tiny.Model, Path.GetDirectoryName(Tiny.Files.Train)!));
        await using var train = HostProcess.Loradrop(new Dictionary<string, string>(), "train", "--json", "--threads", "1", "--settings",
            settings, "--out", folder);
        Assert.True(await train.EndAsync() == 0, train.Written);
        return Compared.Where(name => File.Exists(Path.Combine(folder, name)))
            .ToDictionary(name => name, name => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(folder, name)))));
    }
}
