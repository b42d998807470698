using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage;

/// <summary>User operations on webhooks: create, update, rotate the secret, delete. <see cref="WebhookOutbox"/> and
/// <see cref="Deliveries"/> send their events.</summary>
public sealed class WebhookLife(JobsContext db, Caller caller, OutgoingGuard guard, Deliveries deliveries, WebhookOptions options,
    TimeProvider clock)
{
    /// <summary>The caller's webhooks; for an admin, all.</summary>
    public IQueryable<WebhookRow> Seen => caller.Role == Role.Admin ? db.Webhooks : db.Webhooks.Where(w => w.Owner == caller.Owner);

    /// <param name="settings">The settings.</param>
    /// <param name="id">The webhook's id; null for a new one. A webhook that already has it is returned: an earlier try succeeded, but its
    /// response was lost.</param>
    /// <param name="cancel">Cancels the operation.</param>
    public async Task<Answer<WebhookRow>> AddAsync(WebhookSettings settings, Guid? id, CancellationToken cancel)
    {
        if (settings.AllOwners == true && AllOwnersRefusal() is { } denied) return denied;
        var faults = new List<Fault>();
        if (await AddressAsync(settings.Url!, faults, cancel) is not { } address) return new Refusal.Invalid(faults);
        var now = Now();
        var row = new WebhookRow
        {
            Id = id ?? Guid.CreateVersion7(now), Owner = caller.Owner, AllOwners = settings.AllOwners ?? false, Url = address.AbsoluteUri,
            Description = Given(settings.Description), Types = TypesOf(settings.Types) ?? [WebhookType.Every],
            Secret = WebhookSecret.New(), CreatedAt = now, ChangedAt = now,
        };
        if (settings.Enabled == false) (row.Disabled, row.DisabledAt) = (DisabledReason.Asked, now);
        await using var transaction = await db.Database.BeginTransactionAsync(cancel);
        await db.LockOwnerAsync(caller.Owner, cancel); // of two simultaneous requests, the second counts the first
        if (id is not null && await db.Webhooks.SingleOrDefaultAsync(w => w.Id == id && w.Owner == caller.Owner, cancel) is { } added)
            return added;
        if (await db.Webhooks.CountAsync(w => w.Owner == caller.Owner, cancel) >= options.MostPerOwner)
            return new Refusal.Conflict("too_many_webhooks",
                $"There are {options.MostPerOwner} webhooks already, and no more are allowed. Delete one that is not needed.");
        db.Add(row);
        await db.SaveChangesAsync(cancel);
        await transaction.CommitAsync(cancel);
        return row;
    }

    public async Task<Answer<WebhookRow>> ChangeAsync(Guid id, WebhookSettings settings, CancellationToken cancel)
    {
        if (await Seen.SingleOrDefaultAsync(w => w.Id == id, cancel) is not { } row) return Missing(id);
        if (settings.AllOwners == true && !row.AllOwners && AllOwnersRefusal() is { } denied) return denied;
        if (settings.Url is { } url)
        {
            var faults = new List<Fault>();
            if (await AddressAsync(url, faults, cancel) is not { } address) return new Refusal.Invalid(faults);
            row.Url = address.AbsoluteUri;
        }
        var now = Now();
        row.Types = TypesOf(settings.Types) ?? row.Types;
        row.Description = settings.Description is null ? row.Description : Given(settings.Description);
        row.AllOwners = settings.AllOwners ?? row.AllOwners;
        if (settings.Enabled == true) (row.Disabled, row.DisabledAt) = (null, null);
        if (settings.Enabled == false && row.Disabled is null) (row.Disabled, row.DisabledAt) = (DisabledReason.Asked, now);
        row.ChangedAt = now;
        return await SaveAsync(row, cancel);
    }

    /// <summary>Rotates the secret. For a day, deliveries are signed with both, so that a receiver can switch when it is
    /// convenient.</summary>
    public async Task<Answer<WebhookRow>> RotateAsync(Guid id, CancellationToken cancel)
    {
        if (await Seen.SingleOrDefaultAsync(w => w.Id == id, cancel) is not { } row) return Missing(id);
        var now = Now();
        (row.FormerSecret, row.FormerSecretUntil, row.Secret, row.ChangedAt) =
            (row.Secret, now + WebhookSecret.Overlap, WebhookSecret.New(), now);
        return await SaveAsync(row, cancel);
    }

    /// <summary>Deletes a webhook with all its deliveries.</summary>
    public async Task<Refusal?> DeleteAsync(Guid id, CancellationToken cancel)
    {
        if (!await Seen.AnyAsync(w => w.Id == id, cancel)) return Missing(id);
        await using var transaction = await db.Database.BeginTransactionAsync(cancel);
        // before the webhook, in the order in which a sender locks them
        await db.Deliveries.Where(d => d.WebhookId == id).ExecuteDeleteAsync(cancel);
        await db.Webhooks.Where(w => w.Id == id).ExecuteDeleteAsync(cancel);
        await transaction.CommitAsync(cancel);
        return null;
    }

    /// <summary>Replays a delivery from the first attempt, under the same id.</summary>
    public async Task<Answer<DeliveryRow>> ReplayAsync(Guid webhook, Guid delivery, CancellationToken cancel)
    {
        if (await Seen.AsNoTracking().SingleOrDefaultAsync(w => w.Id == webhook, cancel) is not { } to) return Missing(webhook);
        if (!await db.Deliveries.AnyAsync(d => d.Id == delivery && d.WebhookId == webhook, cancel))
            return new Refusal.Missing("delivery", delivery.ToString());
        if (to.Disabled is { } why)
            return new Refusal.Conflict("webhook_disabled", $"Webhook {webhook} is disabled ({JsonText.NameOf(why)}). Enable it first.");
        await deliveries.ReplayAsync(delivery, cancel);
        return await db.Deliveries.AsNoTracking().Include(d => d.Log).SingleOrDefaultAsync(d => d.Id == delivery, cancel) is { } row
            ? row
            : new Refusal.Missing("delivery", delivery.ToString());
    }

    public static Refusal.Missing Missing(Guid id) => new("webhook", id.ToString());

    /// <summary>Only admins, who see everyone's jobs, may receive events of everyone's jobs.</summary>
    private Refusal.Denied? AllOwnersRefusal() => caller.Role == Role.Admin
        ? null
        : new("Only an admin may hear of everybody's jobs. Leave allOwners out, and the webhook hears of your own.");

    private async Task<Uri?> AddressAsync(string written, List<Fault> faults, CancellationToken cancel)
    {
        if (guard.Read(written, "url", faults) is not { } address) return null;
        if (await guard.LookAsync(address, cancel) is not { } refusal) return address;
        faults.Add(new("url", refusal));
        return null;
    }

    /// <summary>A sender may disable the webhook meanwhile; the user's latest change wins.</summary>
    private async Task<Answer<WebhookRow>> SaveAsync(WebhookRow row, CancellationToken cancel)
    {
        try
        {
            await db.SaveChangesAsync(cancel);
            return row;
        }
        catch (DbUpdateConcurrencyException)
        {
            return Missing(row.Id); // deleted just now
        }
    }

    private static List<string>? TypesOf(IReadOnlyList<string>? asked) =>
        asked is null ? null : asked.Contains(WebhookType.Every) ? [WebhookType.Every] : [.. asked.Distinct()];

    private static string? Given(string? description) => string.IsNullOrEmpty(description) ? null : description;

    /// <summary>The time at the precision of the rows.</summary>
    private DateTimeOffset Now()
    {
        var now = clock.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
    }
}
