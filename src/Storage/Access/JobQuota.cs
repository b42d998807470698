using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage;

/// <summary>The maximum number of waiting, running and paused jobs per owner.</summary>
public sealed class JobQuota(JobsContext db, Caller caller, JobOptions options)
{
    /// <summary>Seconds to wait before trying again: jobs take minutes at least.</summary>
    private const int RetryAfter = 60;

    /// <summary>The limit; null if unlimited.</summary>
    public int? Most => caller.ActiveJobs ?? (options.ActivePerOwner > 0 && caller.Role != Role.Admin ? options.ActivePerOwner : null);

    /// <summary>The unfinished jobs of the caller's owner, without those of experiments, which have limits of their own.</summary>
    public Task<int> ActiveAsync(CancellationToken cancel) =>
        db.Jobs.CountAsync(j => j.Owner == caller.Owner && j.DeletedAt == null && j.ExperimentId == null
            && (j.Status == JobStatus.Queued || j.Status == JobStatus.Running || j.Status == JobStatus.Paused), cancel);

    /// <summary>Returns a refusal if the limit is reached; else null.</summary>
    public async Task<Refusal?> RefusalAsync(CancellationToken cancel) =>
        Most is { } most && await ActiveAsync(cancel) is var active && active >= most
            ? new Refusal.TooMany("quota_exceeded",
            $"{active} jobs of {caller.Owner} wait, run or are paused, and {most} may. Wait until one has ended, or cancel one.",
            RetryAfter)
            : null;

    /// <summary>Saves a new job if the limit allows: of two simultaneous jobs for the last place, one gets it.</summary>
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
