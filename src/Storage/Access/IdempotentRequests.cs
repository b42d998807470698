using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage;

/// <summary>Stores the responses to requests with an Idempotency-Key, for a day.</summary>
/// <remarks>
/// The row is inserted before the work begins, so of two simultaneous requests only one does the work. It holds the id of the new resource:
/// a retry after a crash creates the same resource, or finds it.
/// </remarks>
public sealed class IdempotentRequests(IDbContextFactory<JobsContext> contexts, TimeProvider clock)
{
    /// <summary>How long a key is remembered.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    /// <summary>The lease of a request that is being handled.</summary>
    public static readonly TimeSpan Held = TimeSpan.FromSeconds(30);

    /// <summary>Claims a request, or finds the process that has claimed or finished it.</summary>
    /// <returns>The row, and whether the caller is to handle the request.</returns>
    public async Task<(IdempotencyRow Row, bool Mine)> TakeAsync(string owner, string key, string operation, CancellationToken cancel)
    {
        while (true)
        {
            await using var db = await contexts.CreateDbContextAsync(cancel);
            var now = clock.GetUtcNow();
            var row = await db.IdempotentRequests.AsNoTracking().SingleOrDefaultAsync(r => r.Owner == owner && r.Key == key, cancel);
            if (row is null)
            {
                if (await AddAsync(db, new() { Owner = owner, Key = key, Operation = operation, Resource = Guid.CreateVersion7(now),
                    CreatedAt = now, HeldUntil = now + Held }, cancel) is { } added)
                    return (added, true);
            }
            else if (row.CreatedAt <= now - Kept)
                await db.IdempotentRequests.Where(r => r.Owner == owner && r.Key == key && r.CreatedAt == row.CreatedAt)
                    .ExecuteDeleteAsync(cancel);
            else if (row.Status is not null || row.HeldUntil > now || row.Operation != operation) return (row, false);
            else if (await TakeOverAsync(db, row, now + Held, cancel)) return (row, true);
        }
    }

    /// <summary>Renews the lease.</summary>
    public async Task HoldAsync(IdempotencyRow row, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        var until = clock.GetUtcNow() + Held;
        await Of(db, row).ExecuteUpdateAsync(set => set.SetProperty(r => r.HeldUntil, until), cancel);
    }

    /// <summary>Stores the response.</summary>
    public async Task AnswerAsync(IdempotencyRow row, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        db.IdempotentRequests.Update(row);
        await db.SaveChangesAsync(cancel);
    }

    /// <summary>Releases the key for another try: nothing was created.</summary>
    public async Task LetGoAsync(IdempotencyRow row, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        await Of(db, row).Where(r => r.Status == null).ExecuteDeleteAsync(cancel);
    }

    /// <summary>Removes expired rows.</summary>
    public async Task<int> PurgeAsync(CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        var before = clock.GetUtcNow() - Kept;
        return await db.IdempotentRequests.Where(r => r.CreatedAt <= before).ExecuteDeleteAsync(cancel);
    }

    private static async Task<IdempotencyRow?> AddAsync(JobsContext db, IdempotencyRow row, CancellationToken cancel)
    {
        db.Add(row);
        try
        {
            await db.SaveChangesAsync(cancel);
            return row;
        }
        catch (DbUpdateException failed) when (db.IsTaken(failed))
        {
            return null; // another request was first
        }
    }

    private static async Task<bool> TakeOverAsync(JobsContext db, IdempotencyRow row, DateTimeOffset until, CancellationToken cancel) =>
        await Of(db, row).Where(r => r.HeldUntil == row.HeldUntil && r.Status == null)
            .ExecuteUpdateAsync(set => set.SetProperty(r => r.HeldUntil, until), cancel) == 1;

    private static IQueryable<IdempotencyRow> Of(JobsContext db, IdempotencyRow row) =>
        db.IdempotentRequests.Where(r => r.Owner == row.Owner && r.Key == row.Key && r.Resource == row.Resource);
}
