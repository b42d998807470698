using System.Diagnostics.Metrics;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Hosting;

/// <summary>Metrics of queue, jobs and workers from the rows: read for a scrape, and kept a few seconds for other scrapers.</summary>
/// <remarks>Each Api serves the same values; a query over several takes the greatest. While the database is unreachable none are
/// served.</remarks>
public sealed partial class RowGauges : IScraped, IDisposable
{
    /// <summary>How long a reading is kept; where it took long, fifty times as long as it took.</summary>
    private static readonly TimeSpan Holds = TimeSpan.FromSeconds(5), Limit = TimeSpan.FromSeconds(5);

    private readonly IDbContextFactory<JobsContext> _contexts;
    private readonly LeaseOptions _leases;
    private readonly TimeProvider _clock;
    private readonly ILogger<RowGauges> _log;
    private readonly SemaphoreSlim _looking = new(1);
    private volatile Seen? _seen;
    private (long At, TimeSpan Holds)? _last;

    public RowGauges(IDbContextFactory<JobsContext> contexts, LeaseOptions leases, IMeterFactory meters, TimeProvider clock,
        ILogger<RowGauges> log)
    {
        (_contexts, _leases, _clock, _log) = (contexts, leases, clock, log);
        var meter = meters.Create(ServiceMeter.Name);
        meter.CreateObservableGauge("loradrop.jobs",
            () => Tell(seen => Enum.GetValues<JobStatus>().Where(status => status != JobStatus.Waiting)
            .Select(status => Of(seen.Jobs.GetValueOrDefault(status), "status", JsonText.NameOf(status)))),
            description: "Jobs by status; ended ones count until they are deleted.");
        meter.CreateObservableGauge("loradrop.queue.depth", () => Tell(seen => [new((long)seen.Queued)]),
            description: "Stages that are ready and that no worker has taken up.");
        meter.CreateObservableGauge("loradrop.queue.oldest", () => Tell<double>(seen => [new(seen.OldestSeconds)]), "s",
            "How long the stage waits that is queued for longest; 0 where none is.");
        meter.CreateObservableGauge("loradrop.stages.running", () => Tell(seen => [new((long)seen.Running)]),
            description: "Stages that workers have.");
        meter.CreateObservableGauge("loradrop.workers", () =>
            Tell(seen => [Of(seen.Living, "state", "living"), Of(seen.Stopping, "state", "stopping"), Of(seen.Silent, "state", "silent")]),
            description: "Workers: living, told to end, and silent for longer than a lease.");
        meter.CreateObservableGauge("loradrop.worker.slots", () => Tell(seen => [new((long)seen.Slots)]),
            description: "Stages that all living workers can run at a time.");
        meter.CreateObservableGauge("loradrop.worker.heartbeat_age",
            () => Tell(seen => seen.HeartbeatAges.Select(each => Of(each.Value, "host", each.Key))), "s",
            "How long ago a worker was heard of, by its machine.");
    }

    public async Task RefreshAsync(CancellationToken cancel)
    {
        await _looking.WaitAsync(cancel);
        try
        {
            if (_last is { } last && _clock.GetElapsedTime(last.At) < last.Holds) return;
            var began = _clock.GetTimestamp();
            _seen = await ReadAsync(cancel);
            var took = _clock.GetElapsedTime(began);
            _last = (_clock.GetTimestamp(), took * 50 > Holds ? took * 50 : Holds);
        }
        finally
        {
            _looking.Release();
        }
    }

    public void Dispose() => _looking.Dispose();

    private async Task<Seen?> ReadAsync(CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(Limit, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
        try
        {
            await using var db = await _contexts.CreateDbContextAsync(either.Token);
            var now = _clock.GetUtcNow();
            var jobs = await CountAsync(db.Jobs, either.Token);
            foreach (var (status, deleted) in await CountAsync(db.Jobs.Where(j => j.DeletedAt != null), either.Token))
                // few; to exclude them in the first count, every row would have to be read
                jobs[status] = Math.Max(0, jobs.GetValueOrDefault(status) - deleted);
            var queued = await db.Stages.Where(s => s.Status == JobStatus.Queued).GroupBy(_ => 1)
                .Select(g => new { Count = g.Count(), Since = g.Min(s => s.QueuedAt) }).FirstOrDefaultAsync(either.Token);
            var running = await db.Stages.CountAsync(s => s.Status == JobStatus.Running, either.Token);
            var workers = await db.Workers.AsNoTracking().Select(w => new { w.Host, w.Slots, w.Stopping, w.HeartbeatAt })
                .ToListAsync(either.Token);
            var living = workers.Where(w => now - w.HeartbeatAt <= _leases.Length).ToList();
            return new(jobs, queued?.Count ?? 0, queued?.Since is { } since ? Seconds(now - since) : 0, running,
                living.Count(w => !w.Stopping), living.Count(w => w.Stopping), workers.Count - living.Count,
                living.Where(w => !w.Stopping).Sum(w => w.Slots),
                workers.GroupBy(w => w.Host).ToDictionary(host => host.Key, host => Seconds(now - host.Min(w => w.HeartbeatAt))));
        }
        catch (Exception failed)
            when (Outages.Of(failed) is not null || (failed is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            NotSeen(DatabaseFault.Unreachable(failed) ?? failed.GetBaseException().Message);
            return null;
        }
    }

    private static Task<Dictionary<JobStatus, long>> CountAsync(IQueryable<JobRow> jobs, CancellationToken cancel) =>
        jobs.GroupBy(j => j.Status).Select(g => new { Status = g.Key, Count = g.LongCount() })
            .ToDictionaryAsync(g => g.Status, g => g.Count, cancel);

    private IEnumerable<Measurement<T>> Tell<T>(Func<Seen, IEnumerable<Measurement<T>>> what) where T : struct =>
        _seen is { } seen ? what(seen) : [];

    private IEnumerable<Measurement<long>> Tell(Func<Seen, IEnumerable<Measurement<long>>> what) => Tell<long>(what);

    private static Measurement<T> Of<T>(T value, string label, string labelled) where T : struct =>
        new(value, new KeyValuePair<string, object?>(label, labelled));

    private static double Seconds(TimeSpan time) => Math.Max(0, Math.Round(time.TotalSeconds, 3));

    private sealed record Seen(Dictionary<JobStatus, long> Jobs, int Queued, double OldestSeconds, int Running, long Living, long Stopping,
        long Silent, int Slots, Dictionary<string, double> HeartbeatAges);

    [LoggerMessage(1301, LogLevel.Warning, "What the rows say is missing from /metrics: {Reason}")]
    private partial void NotSeen(string reason);
}
