using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Storage;

/// <summary>Removes objects that no row refers to: outputs of an attempt that never published them, remains of a broken upload. Never
/// removes what a row refers to, or may still refer to.</summary>
/// <remarks>
/// The keys are listed first and the rows read afterwards. If an object's attempt has ended by then, a row refers to the object or never
/// will, as publishing and ending are one transaction; objects of a running attempt are kept. Other objects (an upload, a model being
/// fetched) get their row after they are stored, so they are kept for <see cref="UploadsTake"/>.
/// </remarks>
public sealed partial class ObjectSweep(IDbContextFactory<JobsContext> contexts, IObjectStore objects, TimeProvider clock,
    ILogger<ObjectSweep> log)
{
    /// <summary>Longer than any upload takes.</summary>
    public static readonly TimeSpan UploadsTake = TimeSpan.FromHours(24);

    /// <summary>Removes the leftovers of a job's earlier attempts. If the store is unreachable, a later sweep removes them.</summary>
    public async Task JobAsync(Guid job, CancellationToken cancel)
    {
        try
        {
            await using var db = await contexts.CreateDbContextAsync(cancel);
            var listed = await objects.ListAsync($"jobs/{job:D}/", cancel).ToListAsync(cancel);
            await RemoveAsync(await OrphansOfJobAsync(db, job, listed, cancel), cancel);
        }
        catch (Exception failed) when (Outages.Of(failed) is not null)
        {
            NotNow(failed.GetBaseException().Message);
        }
    }

    /// <summary>Sweeps the whole store.</summary>
    /// <returns>The removed keys.</returns>
    public async Task<int> AllAsync(CancellationToken cancel)
    {
        var removed = 0;
        await using var db = await contexts.CreateDbContextAsync(cancel);
        foreach (var (prefix, orphans) in new (string, Func<JobsContext, Guid, List<ListedObject>, CancellationToken, Task<List<string>>>)[]
            { ("jobs/", OrphansOfJobAsync), ("models/", OrphansOfModelAsync), ("datasets/", OrphansOfDatasetAsync),
            ("files/", OrphansOfFileAsync) })
            await foreach (var (owner, listed) in ByOwnerAsync(prefix, cancel))
                removed += await RemoveAsync(await orphans(db, owner, listed, cancel), cancel);
        removed += await objects.RemoveUnfinishedAsync(clock.GetUtcNow() - UploadsTake, cancel);
        if (removed > 0) Swept(removed);
        return removed;
    }

    private static async Task<List<string>> OrphansOfJobAsync(JobsContext db, Guid job, List<ListedObject> listed, CancellationToken cancel)
    {
        if (listed.Count == 0) return [];
        var stages = await db.Stages.AsNoTracking().Where(s => s.JobId == job).Select(s => new { s.Stage, s.Status, s.Attempt })
            .ToListAsync(cancel);
        // After the stages: an attempt that had ended there has published everything it ever will.
        var named = (await db.Artifacts.AsNoTracking().Where(a => a.JobId == job).Select(a => a.Key).ToListAsync(cancel)).ToHashSet();
        named.UnionWith((await db.Checkpoints.AsNoTracking().Where(c => c.JobId == job).ToListAsync(cancel)).SelectMany(c => c.Files)
            .Select(f => f.Key));
        var evaluations = await db.Evaluations.AsNoTracking().Where(e => e.JobId == job)
            .Select(e => new { e.Id, e.Status, e.Attempt, e.Files }).ToListAsync(cancel);
        named.UnionWith(evaluations.SelectMany(e => e.Files).Select(f => f.Key));
        var running = stages.Where(s => s.Status == JobStatus.Running)
            .Select(s => $"jobs/{job:D}/attempts/{JsonText.NameOf(s.Stage)}-{s.Attempt}/")
            .Concat(evaluations.Where(e => e.Status == JobStatus.Running).Select(e => EvaluationLease.PrefixOf(job, e.Id, e.Attempt)))
            .ToList();
        return [.. listed.Select(o => o.Key).Where(key => !named.Contains(key)
            && !running.Any(attempt => key.StartsWith(attempt, StringComparison.Ordinal)))];
    }

    private Task<List<string>> OrphansOfModelAsync(JobsContext db, Guid model, List<ListedObject> listed, CancellationToken cancel) =>
        OrphansOfInputAsync(db.Models, model, listed, cancel);

    private Task<List<string>> OrphansOfDatasetAsync(JobsContext db, Guid dataset, List<ListedObject> listed, CancellationToken cancel) =>
        OrphansOfInputAsync(db.Datasets, dataset, listed, cancel);

    private async Task<List<string>> OrphansOfFileAsync(JobsContext db, Guid file, List<ListedObject> listed, CancellationToken cancel)
    {
        var named = await db.Files.Where(f => f.Id == file).Select(f => f.Key).SingleOrDefaultAsync(cancel);
        var since = clock.GetUtcNow() - UploadsTake;
        return [.. listed.Where(o => o.Key != named && o.LastModified < since).Select(o => o.Key)];
    }

    private async Task<List<string>> OrphansOfInputAsync<T>(IQueryable<T> rows, Guid id, List<ListedObject> listed,
        CancellationToken cancel) where T : InputRow
    {
        var row = await rows.AsNoTracking().SingleOrDefaultAsync(r => r.Id == id, cancel);
        if (row is { Status: InputStatus.Preparing }) return [];
        var named = row?.Files.Select(f => f.Key).ToHashSet() ?? [];
        var since = clock.GetUtcNow() - UploadsTake;
        return [.. listed.Where(o => !named.Contains(o.Key) && o.LastModified < since).Select(o => o.Key)];
    }

    /// <summary>Groups the objects below a prefix by their row: a store lists by key.</summary>
    private async IAsyncEnumerable<(Guid Owner, List<ListedObject> Listed)> ByOwnerAsync(string prefix,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        var (owner, group) = (Guid.Empty, new List<ListedObject>());
        await foreach (var listed in objects.ListAsync(prefix, cancel))
        {
            if (!Guid.TryParse(listed.Key.AsSpan(prefix.Length, Math.Max(0, listed.Key.IndexOf('/', prefix.Length) - prefix.Length)),
                out var of))
                continue; // not ours
            if (of != owner && group.Count > 0)
            {
                yield return (owner, group);
                group = [];
            }
            owner = of;
            group.Add(listed);
        }
        if (group.Count > 0) yield return (owner, group);
    }

    private async Task<int> RemoveAsync(List<string> keys, CancellationToken cancel)
    {
        foreach (var key in keys)
        {
            await objects.DeleteAsync(key, cancel);
            Removed(key);
        }
        return keys.Count;
    }

    [LoggerMessage(1103, LogLevel.Information, "Swept {Removed} objects that no row points to")]
    private partial void Swept(int removed);

    [LoggerMessage(1104, LogLevel.Debug, "Removed the object {Key}: no row points to it")]
    private partial void Removed(string key);

    [LoggerMessage(1105, LogLevel.Warning, "Objects of earlier attempts are left for the next sweep: {Reason}")]
    private partial void NotNow(string reason);
}
