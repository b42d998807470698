using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Query;

namespace LoraDrop.Storage;

/// <summary>Leases evaluations to workers, each to one at a time, as <see cref="StageLeases"/> does for stages.</summary>
public sealed class EvaluationLeases(IDbContextFactory<JobsContext> contexts, TimeProvider clock, LeaseOptions options)
{
    /// <summary>How often a lease is renewed, and a worker sees that the evaluation was deleted.</summary>
    public static readonly TimeSpan Renewal = TimeSpan.FromSeconds(1);

    /// <summary>Leases the first one that the worker can run; null if there is none.</summary>
    public async Task<EvaluationLease?> TakeNextAsync(WorkerAbility worker, CancellationToken cancel)
    {
        while (true)
        {
            await using var db = await contexts.CreateDbContextAsync(cancel);
            var now = clock.GetUtcNow();
            if (await Free(db, worker, now).OrderBy(e => e.Id).FirstOrDefaultAsync(cancel) is not { } row) return null;
            var (attempt, started) = (row.Attempt + 1, row.StartedAt ?? now);
            if (await db.Evaluations.Where(e => e.Id == row.Id && e.Attempt == row.Attempt && e.Status == row.Status)
                .ExecuteUpdateAsync(set => set.SetProperty(e => e.Status, JobStatus.Running).SetProperty(e => e.Attempt, attempt)
                .SetProperty(e => e.StartedAt, started).SetProperty(e => e.LeaseOwner, worker.Id)
                .SetProperty(e => e.LeaseUntil, now + options.Length), cancel) > 0)
                return new(contexts, clock, options, row, attempt);
        }
    }

    /// <summary>Whether one is queued that the worker can run.</summary>
    public async Task<bool> AnyAsync(WorkerAbility worker, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        return await Free(db, worker, clock.GetUtcNow()).AnyAsync(cancel);
    }

    /// <summary>Those of workers that are not heard of any more are taken again.</summary>
    private static IQueryable<EvaluationRow> Free(JobsContext db, WorkerAbility worker, DateTimeOffset now) =>
        db.Evaluations.AsNoTracking().Where(e => e.Status == JobStatus.Queued
            || (e.Status == JobStatus.Running && (e.LeaseUntil == null || e.LeaseUntil < now))).Fit(worker);
}

/// <summary>A worker's lease of an evaluation; the attempt is the fencing token.</summary>
/// <param name="contexts">The rows.</param>
/// <param name="clock">The time of the rows.</param>
/// <param name="options">How long it lasts.</param>
/// <param name="row">The row as it was before it was leased.</param>
/// <param name="attempt">The attempt.</param>
public sealed class EvaluationLease(IDbContextFactory<JobsContext> contexts, TimeProvider clock, LeaseOptions options, EvaluationRow row,
    int attempt)
{
    public EvaluationRow Row => row;

    public int Attempt => attempt;

    /// <summary>The key prefix of the attempt's objects.</summary>
    public string Prefix => PrefixOf(row.JobId, row.Id, attempt);

    /// <returns>Whether the lease is held, and the evaluation still wanted.</returns>
    public Task<bool> RenewAsync(CancellationToken cancel)
    {
        var until = clock.GetUtcNow() + options.Length;
        return WriteAsync(set => set.SetProperty(e => e.LeaseUntil, until), cancel);
    }

    /// <summary>Publishes the result. Safe to repeat, as it may have been written although the response was lost.</summary>
    /// <returns>Whether it is written: if not, the files belong to nobody.</returns>
    public async Task<bool> SucceedAsync(EvaluationResult result, List<StoredFile> files, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        if (await WriteAsync(set => set.SetProperty(e => e.Status, JobStatus.Succeeded).SetProperty(e => e.Result, result)
            .SetProperty(e => e.Files, files).SetProperty(e => e.FinishedAt, now), cancel)) return true;
        await using var db = await contexts.CreateDbContextAsync(cancel);
        return await db.Evaluations.AnyAsync(e => e.Id == row.Id && e.Attempt == attempt && e.Status == JobStatus.Succeeded, cancel);
    }

    /// <summary>Ends the attempt: what is not the user's fault is tried again, as often as a stage is.</summary>
    public Task<bool> FailAsync(Failure failure, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        return FailureCode.IsUsers(failure.Code) || row.Failures >= StageLeases.Retries
            ? WriteAsync(set => set.SetProperty(e => e.Status, JobStatus.Failed).SetProperty(e => e.Failure, failure)
                .SetProperty(e => e.FinishedAt, now), cancel)
            : WriteAsync(set => set.SetProperty(e => e.Status, JobStatus.Queued).SetProperty(e => e.Failures, row.Failures + 1), cancel);
    }

    /// <summary>Lets another worker take it, at once.</summary>
    public Task<bool> HandBackAsync(CancellationToken cancel) =>
        WriteAsync(set => set.SetProperty(e => e.Status, JobStatus.Queued), cancel);

    internal static string PrefixOf(Guid job, Guid id, int attempt) => $"jobs/{job:D}/evaluations/{id:D}-{attempt}/";

    private async Task<bool> WriteAsync(Action<UpdateSettersBuilder<EvaluationRow>> change, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        return await db.Evaluations.Where(e => e.Id == row.Id && e.Attempt == attempt && e.Status == JobStatus.Running)
            .ExecuteUpdateAsync(change, cancel) > 0;
    }
}
