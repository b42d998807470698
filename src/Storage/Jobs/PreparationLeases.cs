using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage;

/// <summary>Leases models and datasets to workers that prepare them, each to one at a time, as <see cref="StageLeases"/> does for
/// stages.</summary>
public sealed class PreparationLeases(IDbContextFactory<JobsContext> contexts, TimeProvider clock, LeaseOptions options)
{
    /// <summary>The first without a worker, or whose lease has expired; null if none.</summary>
    public async Task<Guid?> NextAsync<T>(CancellationToken cancel) where T : InputRow
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        return await Free<T>(db, clock.GetUtcNow()).OrderBy(r => r.Id).Select(r => (Guid?)r.Id).FirstOrDefaultAsync(cancel);
    }

    /// <summary>Leases one; null if another worker has it, or if it no longer needs preparation.</summary>
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

/// <summary>A worker's lease of a model or dataset it prepares; the attempt is the fencing token.</summary>
public sealed class PreparationLease<T>(IDbContextFactory<JobsContext> contexts, TimeProvider clock, LeaseOptions options, T row)
    where T : InputRow
{
    public TimeSpan Length => options.Length;

    /// <summary>The row as it was when it was leased.</summary>
    public T Row => row;

    /// <summary>The row to update: empty once the lease is lost.</summary>
    public IQueryable<T> In(JobsContext db) =>
        db.Set<T>().Where(r => r.Id == row.Id && r.Attempt == row.Attempt && r.Status == InputStatus.Preparing);

    public async Task<bool> RenewAsync(CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        var until = clock.GetUtcNow() + options.Length;
        return await In(db).ExecuteUpdateAsync(set => set.SetProperty(r => r.LeaseUntil, until), cancel) > 0;
    }

    /// <summary>Releases it, unfinished: another worker may lease it at once.</summary>
    public async Task HandBackAsync(CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        await In(db).ExecuteUpdateAsync(set => set.SetProperty(r => r.LeaseUntil, (DateTimeOffset?)null), cancel);
    }
}
