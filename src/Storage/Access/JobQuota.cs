using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage;

/// <summary>How many jobs of an owner may wait, run or be paused at a time.</summary>
public sealed class JobQuota(JobsContext db, Caller caller, JobOptions options)
{
    /// <summary>Seconds to wait before trying again: jobs take minutes at least.</summary>
    private const int RetryAfter = 60;

    /// <summary>The limit; null for none.</summary>
    public int? Most => caller.ActiveJobs ?? (options.ActivePerOwner > 0 && caller.Role != Role.Admin ? options.ActivePerOwner : null);

    /// <summary>Jobs of the caller's owner that have not ended.</summary>
    public Task<int> ActiveAsync(CancellationToken cancel) =>
        db.Jobs.CountAsync(j => j.Owner == caller.Owner && j.DeletedAt == null
            && (j.Status == JobStatus.Queued || j.Status == JobStatus.Running || j.Status == JobStatus.Paused), cancel);

    /// <summary>Whether there is no place for one more.</summary>
    public async Task<Refusal?> RefusalAsync(CancellationToken cancel) =>
        Most is { } most && await ActiveAsync(cancel) is var active && active >= most
            ? new Refusal.TooMany("quota_exceeded",
            $"{active} jobs of {caller.Owner} wait, run or are paused, and {most} may. Wait until one has ended, or cancel one.",
            RetryAfter)
            : null;

    /// <summary>Saves a new job where there is a place for it: of two that come together for the last place, one gets it.</summary>
    public async Task<Refusal?> SaveAsync(CancellationToken cancel)
    {
        if (Most is null)
        {
            await db.SaveChangesAsync(cancel);
            return null;
        }
        await using var transaction = await db.Database.BeginTransactionAsync(cancel);
        await db.LockOwnerAsync(caller.Owner, cancel);
        if (await RefusalAsync(cancel) is { } full) return full;
        await db.SaveChangesAsync(cancel);
        await transaction.CommitAsync(cancel);
        return null;
    }
}
