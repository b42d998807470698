using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage;

/// <summary>Keeps what requests with an Idempotency-Key were answered, for a day.</summary>
/// <remarks>
/// The row is there before the work begins, so of two requests that come together one works. It names the id of what is made: whoever takes
/// the work up after a crash makes the same thing, or finds it made.
/// </remarks>
public sealed class IdempotentRequests(IDbContextFactory<JobsContext> contexts, TimeProvider clock)
{
    /// <summary>After this a key is free again.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    /// <summary>How long whoever works on a request may be silent.</summary>
    public static readonly TimeSpan Held = TimeSpan.FromSeconds(30);

    /// <summary>Takes a request up, or finds whoever has it or had it.</summary>
    /// <returns>The row, and whether the caller is the one to work on it.</returns>
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

    /// <summary>Shows that the work goes on.</summary>
    public async Task HoldAsync(IdempotencyRow row, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        var until = clock.GetUtcNow() + Held;
        await Of(db, row).ExecuteUpdateAsync(set => set.SetProperty(r => r.HeldUntil, until), cancel);
    }

    /// <summary>Writes down the answer.</summary>
    public async Task AnswerAsync(IdempotencyRow row, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        db.IdempotentRequests.Update(row);
        await db.SaveChangesAsync(cancel);
    }

    /// <summary>Nothing was made: the key is free for another try.</summary>
    public async Task LetGoAsync(IdempotencyRow row, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        await Of(db, row).Where(r => r.Status == null).ExecuteDeleteAsync(cancel);
    }

    /// <summary>Removes those whose day is over.</summary>
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
            return null; // another came first
        }
    }

    private static async Task<bool> TakeOverAsync(JobsContext db, IdempotencyRow row, DateTimeOffset until, CancellationToken cancel) =>
        await Of(db, row).Where(r => r.HeldUntil == row.HeldUntil && r.Status == null)
            .ExecuteUpdateAsync(set => set.SetProperty(r => r.HeldUntil, until), cancel) == 1;

    private static IQueryable<IdempotencyRow> Of(JobsContext db, IdempotencyRow row) =>
        db.IdempotentRequests.Where(r => r.Owner == row.Owner && r.Key == row.Key && r.Resource == row.Resource);
}
