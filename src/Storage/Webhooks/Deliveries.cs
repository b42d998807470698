using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Storage;

/// <summary>A leased delivery, ready to send.</summary>
/// <param name="Id">The webhook-id header.</param>
/// <param name="Attempt">The fencing token.</param>
/// <param name="Webhook">The webhook as it was when the delivery was leased.</param>
/// <param name="Body">The body, exactly as sent.</param>
/// <param name="Again">Whether it is retried on failure: a test is not.</param>
public sealed record TakenDelivery(Guid Id, int Attempt, WebhookRow Webhook, string Body, bool Again);

/// <summary>The outcome of an attempt.</summary>
/// <param name="Status">The HTTP status; null if there was no response.</param>
/// <param name="Error">What went wrong, for people; null on success.</param>
/// <param name="Took">The duration of the attempt.</param>
public sealed record AttemptOutcome(int? Status, string? Error, TimeSpan Took)
{
    public bool Delivered => Error is null;

    /// <summary>The receiver responded with 410 Gone.</summary>
    public bool Gone => Status == 410;
}

/// <summary>Leases due deliveries to senders, each to one at a time, as <see cref="StageLeases"/> does for stages, and records the
/// outcomes.</summary>
/// <remarks>
/// If a sender dies before it records the outcome, its lease expires and the delivery is sent again under the same id. So a receiver may
/// get a message twice, but never two different ones under one id, and none is lost.
/// </remarks>
public sealed partial class Deliveries(IDbContextFactory<JobsContext> contexts, WebhookOptions options, TimeProvider clock,
    ILogger<Deliveries> log)
{
    /// <summary>The waits between attempts, as the Standard Webhooks specification recommends: ten attempts in 75.6 hours.</summary>
    public static readonly IReadOnlyList<TimeSpan> Waits =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(2), TimeSpan.FromHours(5),
        TimeSpan.FromHours(10), TimeSpan.FromHours(14), TimeSpan.FromHours(20), TimeSpan.FromHours(24),
    ];

    /// <summary>The maximum fraction by which a wait is extended, so that deliveries that failed together are not retried
    /// together.</summary>
    private const double Jitter = 0.2;

    private const int KeptAttempts = 50;

    /// <summary>Lists due deliveries, the longest overdue first.</summary>
    /// <param name="busy">Webhooks to leave out, which have enough attempts in flight.</param>
    /// <param name="most">The maximum number to return.</param>
    /// <param name="cancel">Cancels the operation.</param>
    public async Task<List<(Guid Id, Guid Webhook)>> DueAsync(IReadOnlyCollection<Guid> busy, int most, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        var due = Due(db, clock.GetUtcNow());
        if (busy.Count > 0) due = due.Where(d => !busy.Contains(d.WebhookId));
        return [.. (await due.OrderBy(d => d.NextAt).ThenBy(d => d.Id).Take(most).Select(d => new { d.Id, d.WebhookId })
            .ToListAsync(cancel)).Select(d => (d.Id, d.WebhookId))];
    }

    /// <summary>Leases a delivery; null if another sender has it, or if nothing is to be sent any more.</summary>
    public async Task<TakenDelivery?> TakeAsync(Guid id, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        var now = clock.GetUtcNow();
        if (await Due(db, now).Where(d => d.Id == id).Select(d => (int?)d.Attempts).SingleOrDefaultAsync(cancel) is not { } seen)
            return null;
        var taken = await db.Deliveries.Where(d => d.Id == id && d.Attempts == seen && d.Status == DeliveryStatus.Pending
            && (d.LeaseUntil == null || d.LeaseUntil < now))
            .ExecuteUpdateAsync(set => set.SetProperty(d => d.Attempts, seen + 1).SetProperty(d => d.Round, d => d.Round + 1)
            .SetProperty(d => d.LeaseUntil, now + options.Lease), cancel);
        if (taken == 0) return null;
        var found = await db.Deliveries.AsNoTracking().Where(d => d.Id == id).Join(db.Webhooks.AsNoTracking(), d => d.WebhookId, w => w.Id,
            (d, w) => new { d.Payload, d.Type, Webhook = w }).SingleOrDefaultAsync(cancel);
        return found is null ? null : new(id, seen + 1, found.Webhook, found.Payload, found.Type != WebhookType.Test);
    }

    /// <summary>Creates a test delivery, whether or not the webhook is enabled, and leases it at once.</summary>
    public async Task<TakenDelivery> TestAsync(WebhookRow webhook, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        var now = clock.GetUtcNow();
        var test = new DeliveryRow
        {
            Id = Guid.CreateVersion7(now), WebhookId = webhook.Id, Type = WebhookType.Test, Payload = WebhookBody.OfTest(webhook, now),
            Attempts = 1, Round = 1, RoundAt = now, NextAt = now, LeaseUntil = now + options.Lease, CreatedAt = now,
        };
        db.Add(test);
        await db.SaveChangesAsync(cancel);
        return new(test.Id, 1, webhook, test.Payload, Again: false);
    }

    /// <summary>Records the outcome of an attempt, and when the next one is due. Does nothing if another attempt has begun since.</summary>
    public async Task SettleAsync(TakenDelivery sent, AttemptOutcome outcome, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        await using var transaction = await db.Database.BeginTransactionAsync(cancel);
        var now = clock.GetUtcNow();
        if (await db.Deliveries.AsNoTracking()
            .SingleOrDefaultAsync(d => d.Id == sent.Id && d.Attempts == sent.Attempt && d.LeaseUntil != null, cancel) is not { } row)
            return;
        var status = outcome.Delivered ? DeliveryStatus.Delivered : sent.Again && row.Round <= Waits.Count
            ? DeliveryStatus.Pending
            : DeliveryStatus.Failed;
        var next = status == DeliveryStatus.Pending ? now + WaitAfter(row.Round) : row.NextAt;
        var delivered = outcome.Delivered ? now : (DateTimeOffset?)null;
        var written = await db.Deliveries.Where(d => d.Id == sent.Id && d.Attempts == sent.Attempt && d.LeaseUntil != null)
            .ExecuteUpdateAsync(set => set
            .SetProperty(d => d.Status, status).SetProperty(d => d.NextAt, next).SetProperty(d => d.LeaseUntil, (DateTimeOffset?)null)
            .SetProperty(d => d.DeliveredAt, delivered), cancel);
        if (written == 0) return;
        await db.DeliveryAttempts.Where(a => a.DeliveryId == sent.Id && a.Number <= sent.Attempt - KeptAttempts).ExecuteDeleteAsync(cancel);
        db.Add(new AttemptRow { DeliveryId = sent.Id, Number = sent.Attempt, At = now - outcome.Took, Status = outcome.Status,
            Error = outcome.Error, Milliseconds = Math.Round(outcome.Took.TotalMilliseconds, 1) });
        await db.SaveChangesAsync(cancel);
        if (outcome.Gone && sent.Again) await DisableAsync(db, sent.Webhook, DisabledReason.Gone, now, cancel);
        else if (status == DeliveryStatus.Failed && sent.Again
            && !await db.Deliveries.AnyAsync(d => d.WebhookId == row.WebhookId && d.DeliveredAt >= row.RoundAt, cancel))
            await DisableAsync(db, sent.Webhook, DisabledReason.Failing, now, cancel);
        await transaction.CommitAsync(cancel);
    }

    /// <summary>Releases a delivery whose attempt was cancelled because this process stops: another may send it at once.</summary>
    public async Task HandBackAsync(TakenDelivery taken, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        await db.Deliveries.Where(d => d.Id == taken.Id && d.Attempts == taken.Attempt && d.LeaseUntil != null && d.Round > 0)
            .ExecuteUpdateAsync(set => set.SetProperty(d => d.LeaseUntil, (DateTimeOffset?)null)
            .SetProperty(d => d.Round, d => d.Round - 1), cancel);
    }

    /// <summary>Replays a delivery from the first attempt, whatever its outcome; does nothing while an attempt is in flight.</summary>
    public async Task ReplayAsync(Guid id, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        var now = clock.GetUtcNow();
        await db.Deliveries.Where(d => d.Id == id && (d.LeaseUntil == null || d.LeaseUntil < now)).ExecuteUpdateAsync(set => set
            .SetProperty(d => d.Status, DeliveryStatus.Pending).SetProperty(d => d.Round, 0).SetProperty(d => d.RoundAt, now)
            .SetProperty(d => d.NextAt, now).SetProperty(d => d.LeaseUntil, (DateTimeOffset?)null)
            .SetProperty(d => d.DeliveredAt, (DateTimeOffset?)null), cancel);
    }

    /// <summary>Removes deliveries older than their retention.</summary>
    /// <returns>The number of deliveries removed.</returns>
    public async Task<int> RemoveOldAsync(CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        var before = clock.GetUtcNow() - options.KeepDeliveries;
        return await db.Deliveries.Where(d => d.CreatedAt < before && d.RoundAt < before).ExecuteDeleteAsync(cancel);
    }

    private static IQueryable<DeliveryRow> Due(JobsContext db, DateTimeOffset now) =>
        db.Deliveries.Where(d => d.Status == DeliveryStatus.Pending && d.NextAt <= now && (d.LeaseUntil == null || d.LeaseUntil < now)
            && db.Webhooks.Any(w => w.Id == d.WebhookId && w.Disabled == null));

    private static TimeSpan WaitAfter(int round) =>
        Waits[round - 1] * (1 + Jitter * System.Security.Cryptography.RandomNumberGenerator.GetInt32(1000) / 1000);

    private async Task DisableAsync(JobsContext db, WebhookRow webhook, DisabledReason why, DateTimeOffset now, CancellationToken cancel)
    {
        var disabled = await db.Webhooks.Where(w => w.Id == webhook.Id && w.Url == webhook.Url && w.Disabled == null)
            .ExecuteUpdateAsync(set => set.SetProperty(w => w.Disabled, why).SetProperty(w => w.DisabledAt, now)
            .SetProperty(w => w.ChangedAt, now), cancel);
        if (disabled > 0) Disabled(webhook.Id, new Uri(webhook.Url).Host, JsonText.NameOf(why));
    }

    [LoggerMessage(1302, LogLevel.Warning, "Webhook {Webhook} at {Host} is disabled: {Reason}. Its owner may enable it again")]
    private partial void Disabled(Guid webhook, string host, string reason);
}
