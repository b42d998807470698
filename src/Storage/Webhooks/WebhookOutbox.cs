using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Storage;

/// <summary>Creates deliveries for the events of jobs: each event once for each webhook that subscribes to it.</summary>
/// <remarks>
/// An event is saved in the same transaction as the change it describes, with a mark that its deliveries are missing. The transaction that
/// adds the deliveries removes the mark, so no crash loses or duplicates any. Going by the mark also finds an event that is committed after
/// one with a greater id. Any number of processes may run this at once: each locks events that no other has.
/// </remarks>
public sealed partial class WebhookOutbox(IDbContextFactory<JobsContext> contexts, TimeProvider clock, ILogger<WebhookOutbox> log)
{
    private const int Batch = 100;

    /// <summary>Creates the deliveries of all events that lack them.</summary>
    /// <returns>The number of deliveries created.</returns>
    public async Task<int> CreateDeliveriesAsync(CancellationToken cancel)
    {
        var created = 0;
        while (await CreateBatchAsync(cancel) is { } batch)
        {
            created += batch.Created;
            if (batch.Events < Batch) break;
        }
        return created;
    }

    private async Task<(int Events, int Created)?> CreateBatchAsync(CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        if (!await db.Events.AnyAsync(e => e.Untold, cancel)) return null; // this query takes no lock
        await using var transaction = await db.Database.BeginTransactionAsync(cancel);
        var events = await db.TakeUntoldAsync(Batch, cancel);
        if (events.Count == 0) return null; // other processes have locked them
        var created = await DeliveriesOfAsync(db, events, cancel);
        db.Deliveries.AddRange(created);
        foreach (var happened in events) happened.Untold = false;
        try
        {
            await db.SaveChangesAsync(cancel);
        }
        catch (DbUpdateException failed) when (db.IsDangling(failed))
        {
            return (Batch, 0); // a webhook was deleted just now: nothing of this was saved, try again
        }
        await transaction.CommitAsync(cancel);
        if (created.Count > 0) Created(events.Count, created.Count);
        return (events.Count, created.Count);
    }

    private async Task<List<DeliveryRow>> DeliveriesOfAsync(JobsContext db, List<EventRow> events, CancellationToken cancel)
    {
        var ids = events.Select(e => e.JobId).Distinct().ToList();
        var webhooks = await db.Webhooks.AsNoTracking().Where(w => w.Disabled == null
            && (w.AllOwners || db.Jobs.Any(j => ids.Contains(j.Id) && j.Owner == w.Owner))).ToListAsync(cancel);
        if (webhooks.Count == 0) return [];
        var jobs = await db.Jobs.AsNoTracking().Include(j => j.Stages).Include(j => j.Labels).Where(j => ids.Contains(j.Id)).AsSplitQuery()
            .ToDictionaryAsync(j => j.Id, cancel);
        var starts = events.Where(e => e.Type == EventType.StageStarted).Select(e => e.JobId).Distinct().ToList();
        // A job starts once, however many stages and attempts it has: with the first attempt of its first stage.
        var firsts = starts.Count == 0 ? [] : await db.Events.Where(e => starts.Contains(e.JobId) && e.Type == EventType.StageStarted)
            .GroupBy(e => e.JobId).Select(g => g.Min(e => e.Id)).ToListAsync(cancel);
        var now = clock.GetUtcNow();
        var created = new List<DeliveryRow>();
        foreach (var happened in events)
        {
            if (!jobs.TryGetValue(happened.JobId, out var job) || WebhookType.Of(happened.Type) is not { } type
                || (happened.Type == EventType.StageStarted && !firsts.Contains(happened.Id)))
                continue;
            string? payload = null;
            foreach (var webhook in webhooks.Where(w => Subscribes(w, job, type) && w.CreatedAt <= happened.At))
                created.Add(new()
                {
                    Id = Guid.CreateVersion7(now), WebhookId = webhook.Id, EventId = happened.Id, JobId = job.Id, Type = type,
                    Payload = payload ??= WebhookBody.Of(happened, type, job), NextAt = now, RoundAt = now, CreatedAt = now,
                });
        }
        return created;
    }

    private static bool Subscribes(WebhookRow webhook, JobRow job, string type) =>
        (webhook.AllOwners || webhook.Owner == job.Owner) && (webhook.Types.Contains(WebhookType.Every) || webhook.Types.Contains(type));

    [LoggerMessage(1301, LogLevel.Debug, "{Events} events became {Deliveries} deliveries")]
    private partial void Created(int events, int deliveries);
}
