using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage;

/// <summary>Lends models and datasets that are to be prepared to workers, each to one at a time, as <see cref="StageLeases"/> does
/// stages.</summary>
public sealed class PreparationLeases(IDbContextFactory<JobsContext> contexts, TimeProvider clock, LeaseOptions options)
{
    /// <summary>The first that nobody prepares, or whose worker has been silent for too long; null where there is none.</summary>
    public async Task<Guid?> NextAsync<T>(CancellationToken cancel) where T : InputRow
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        return await Free<T>(db, clock.GetUtcNow()).OrderBy(r => r.Id).Select(r => (Guid?)r.Id).FirstOrDefaultAsync(cancel);
    }

    /// <summary>Takes one up; null where another worker has it, or nothing is to be done any more.</summary>
    public async Task<PreparationLease<T>?> TakeAsync<T>(Guid id, string worker, CancellationToken cancel) where T : InputRow
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        var now = clock.GetUtcNow();
        var taken = await Free<T>(db, now).Where(r => r.Id == id).ExecuteUpdateAsync(set => set
            .SetProperty(r => r.Attempt, r => r.Attempt + 1).SetProperty(r => r.LeaseOwner, worker)
            .SetProperty(r => r.LeaseUntil, now + options.Length), cancel);
        if (taken == 0) return null;
        var row = await db.Set<T>().AsNoTracking().SingleOrDefaultAsync(r => r.Id == id && r.LeaseOwner == worker, cancel);
        return row is null ? null : new(contexts, clock, options, row);
    }

    private static IQueryable<T> Free<T>(JobsContext db, DateTimeOffset now) where T : InputRow =>
        db.Set<T>().Where(r => r.Status == InputStatus.Preparing && r.DeletedAt == null && (r.LeaseUntil == null || r.LeaseUntil < now));
}

/// <summary>A worker's hold on a model or dataset that it prepares; the attempt is the fencing token.</summary>
public sealed class PreparationLease<T>(IDbContextFactory<JobsContext> contexts, TimeProvider clock, LeaseOptions options, T row)
    where T : InputRow
{
    public TimeSpan Length => options.Length;

    /// <summary>As it was when it was taken up.</summary>
    public T Row => row;

    /// <summary>The rows to write to: this one, while the lease holds; else none.</summary>
    public IQueryable<T> In(JobsContext db) =>
        db.Set<T>().Where(r => r.Id == row.Id && r.Attempt == row.Attempt && r.Status == InputStatus.Preparing);

    public async Task<bool> RenewAsync(CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        var until = clock.GetUtcNow() + options.Length;
        return await In(db).ExecuteUpdateAsync(set => set.SetProperty(r => r.LeaseUntil, until), cancel) > 0;
    }

    /// <summary>Gives it back, unfinished: another worker may take it up at once.</summary>
    public async Task HandBackAsync(CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        await In(db).ExecuteUpdateAsync(set => set.SetProperty(r => r.LeaseUntil, (DateTimeOffset?)null), cancel);
    }
}
