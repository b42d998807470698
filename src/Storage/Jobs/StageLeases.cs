using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage;

/// <summary>What a worker can take up.</summary>
/// <param name="Id">The worker.</param>
/// <param name="Selectors">The selectors that its labels meet; one that asks for nothing is met by all.</param>
/// <param name="Memory">Bytes that a stage can have on it.</param>
/// <param name="OnCpu">Whether a stage's estimated memory counts, which is that of a CPU.</param>
public sealed record WorkerAbility(string Id, IReadOnlyCollection<string> Selectors, long Memory, bool OnCpu = true)
{
    /// <summary>One without labels, and memory enough for everything.</summary>
    public static WorkerAbility Any(string id) => new(id, [], long.MaxValue);
}

/// <summary>Lends queued stages to workers, each to one at a time.</summary>
public sealed class StageLeases(IDbContextFactory<JobsContext> contexts, TimeProvider clock, Outages outages, LeaseOptions options)
{
    /// <summary>Times that an attempt which failed through no fault of the user is tried again.</summary>
    public const int Retries = 2;

    /// <summary>Times in a row that the process of a stage may be killed without a new checkpoint, before that is called a
    /// failure.</summary>
    public const int MostKills = 4;

    public TimeSpan Length => options.Length;

    internal TimeProvider Clock => clock;

    internal Outages Outages => outages;

    internal Task<JobsContext> ContextAsync(CancellationToken cancel) => contexts.CreateDbContextAsync(cancel);

    /// <summary>Takes up the first queued stage that the worker can run: by priority, then what is half done, then by time. Null where
    /// there is none.</summary>
    public Task<StageLease?> TakeNextAsync(WorkerAbility worker, CancellationToken cancel) => outages.WaitOutAsync(async () =>
    {
        while (true)
        {
            await using var db = await ContextAsync(cancel);
            var next = await For(db, worker).OrderBy(s => s.Priority).ThenByDescending(s => s.Stage).ThenBy(s => s.QueuedAt)
                .ThenBy(s => s.JobId)   // by its name, task adaptation is the greater
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

    /// <summary>Takes a queued stage up. Null where it is not queued any more: another worker was faster, or it was cancelled.</summary>
    public Task<StageLease?> TakeAsync(Guid job, Stage stage, string worker, CancellationToken cancel) =>
        outages.WaitOutAsync(() => TryTakeAsync(job, stage, worker, cancel), cancel);

    /// <summary>The lease of an attempt that was given before.</summary>
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
        var (selectors, memory) = (worker.Selectors, worker.Memory);
        var estimated = worker.OnCpu ? memory : long.MaxValue;
        var queued = db.Stages.AsNoTracking().Where(s => s.Status == JobStatus.Queued && s.Memory <= memory
            && s.EstimatedMemory <= estimated && s.Format >= StageFormat.Oldest && s.Format <= StageFormat.Settings);
        return selectors.Count == 0
            ? queued.Where(s => s.Selector == null)
            : queued.Where(s => s.Selector == null || selectors.Contains(s.Selector));
    }
}
