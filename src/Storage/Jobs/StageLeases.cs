using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage;

/// <summary>A worker's criteria for the stages it can run.</summary>
/// <param name="Id">The worker's id.</param>
/// <param name="Selectors">The selectors that its labels match; a stage without a selector matches every worker.</param>
/// <param name="Memory">Bytes of memory available to a stage.</param>
/// <param name="OnCpu">Whether a stage's estimated memory counts; the estimate is for a CPU.</param>
public sealed record WorkerAbility(string Id, IReadOnlyCollection<string> Selectors, long Memory, bool OnCpu = true)
{
    /// <summary>A worker without labels, with enough memory for everything.</summary>
    public static WorkerAbility Any(string id) => new(id, [], long.MaxValue);
}

/// <summary>Leases queued stages to workers, each to one at a time.</summary>
public sealed class StageLeases(IDbContextFactory<JobsContext> contexts, TimeProvider clock, Outages outages, LeaseOptions options)
{
    /// <summary>The maximum number of retries of attempts that failed through no fault of the user.</summary>
    public const int Retries = 2;

    /// <summary>The maximum number of kills in a row, without a new checkpoint, before a stage fails.</summary>
    public const int MostKills = 4;

    public TimeSpan Length => options.Length;

    internal TimeProvider Clock => clock;

    internal Outages Outages => outages;

    internal Task<JobsContext> ContextAsync(CancellationToken cancel) => contexts.CreateDbContextAsync(cancel);

    /// <summary>Leases the first queued stage that the worker can run: by priority, then stages of half-finished jobs, then by time. Null
    /// if none.</summary>
    public Task<StageLease?> TakeNextAsync(WorkerAbility worker, CancellationToken cancel) => outages.WaitOutAsync(async () =>
    {
        while (true)
        {
            await using var db = await ContextAsync(cancel);
            var next = await For(db, worker).OrderBy(s => s.Priority).ThenByDescending(s => s.Stage).ThenBy(s => s.QueuedAt)
                .ThenBy(s => s.JobId)   // by name, task adaptation is the greater, so half-finished jobs come first
                .Select(s => new { s.JobId, s.Stage }).FirstOrDefaultAsync(cancel);
            if (next is null) return null;
            if (await TryTakeAsync(next.JobId, next.Stage, worker.Id, cancel) is { } lease) return lease;
        }
    }, cancel);

    /// <summary>Whether a stage is queued that the worker can run.</summary>
    public async Task<bool> AnyAsync(WorkerAbility worker, CancellationToken cancel)
    {
        await using var db = await ContextAsync(cancel);
        return await For(db, worker).AnyAsync(cancel);
    }

    /// <summary>Leases a queued stage. Null if it is no longer queued: another worker was faster, or it was cancelled.</summary>
    public Task<StageLease?> TakeAsync(Guid job, Stage stage, string worker, CancellationToken cancel) =>
        outages.WaitOutAsync(() => TryTakeAsync(job, stage, worker, cancel), cancel);

    /// <summary>The lease of an existing attempt.</summary>
    public StageLease Of(Guid job, Stage stage, int attempt) => new(this, job, stage, attempt);

    private async Task<StageLease?> TryTakeAsync(Guid job, Stage stage, string worker, CancellationToken cancel)
    {
        await using var db = await ContextAsync(cancel);
        await using var transaction = await db.BeginChangeAsync(job, cancel);
        var row = await db.Jobs.Include(j => j.Stages).SingleOrDefaultAsync(j => j.Id == job, cancel);
        if (row?.Stages.SingleOrDefault(s => s.Stage == stage) is not { Status: JobStatus.Queued } taken) return null;
        var (now, queuedAt) = (clock.GetUtcNow(), taken.QueuedAt);
        taken.Attempt++;
        taken.MoveTo(JobStatus.Running, now);
        (taken.LeaseOwner, taken.LeaseUntil, taken.LeasedAt) = (worker, now + Length, now);
        taken.Device = (await db.Workers.AsNoTracking().FirstOrDefaultAsync(w => w.Id == worker, cancel))?.DeviceName;
        if (row.Status == JobStatus.Queued) row.MoveTo(JobStatus.Running, now);
        await db.SaveChangesAsync(cancel);
        await transaction.CommitAsync(cancel);
        if (queuedAt is { } since) JobMetrics.Waited(stage, now - since);
        return new(this, job, stage, taken.Attempt) { TraceParent = row.TraceParent, QueuedAt = queuedAt };
    }

    private static IQueryable<StageRow> For(JobsContext db, WorkerAbility worker)
    {
        var estimated = worker.OnCpu ? worker.Memory : long.MaxValue;
        return db.Stages.AsNoTracking().Where(s => s.Status == JobStatus.Queued && s.EstimatedMemory <= estimated
            && s.Format >= StageFormat.Oldest && s.Format <= StageFormat.Settings).Fit(worker);
    }
}
