using LoraDrop.Storage;

namespace LoraDrop.Api;

/// <summary>A webhook that receives job events.</summary>
/// <param name="Id">Unique id.</param>
/// <param name="Url">URL of the receiver; non-ASCII hosts are in punycode.</param>
/// <param name="Events">Event types it receives; <c>*</c> for all.</param>
/// <param name="Description">A description.</param>
/// <param name="Owner">The owner; absent on a service without API keys.</param>
/// <param name="AllOwners">Whether it receives events of all owners' jobs.</param>
/// <param name="Enabled">Whether events are sent.</param>
/// <param name="DisabledReason">Why it is disabled: asked, gone (the receiver responded with 410) or failing.</param>
/// <param name="DisabledAt">When it was disabled.</param>
/// <param name="Secret">The signing secret; only in the response that created or rotated it.</param>
/// <param name="FormerSecretUntil">Until when deliveries are also signed with the previous secret.</param>
/// <param name="CreatedAt">When it was created.</param>
/// <param name="ChangedAt">When it was last changed.</param>
/// <param name="Href">Path of this resource.</param>
public sealed record WebhookView(
    Guid Id, string Url, IReadOnlyList<string> Events, string? Description, string? Owner, bool AllOwners, bool Enabled,
    DisabledReason? DisabledReason, DateTimeOffset? DisabledAt, string? Secret,
    DateTimeOffset? FormerSecretUntil, DateTimeOffset CreatedAt, DateTimeOffset ChangedAt, string Href)
{
    internal static WebhookView Of(WebhookRow row, DateTimeOffset now, bool secret = false) => new(
        row.Id, row.Url, row.Types, row.Description, Views.Owner(row.Owner), row.AllOwners, row.Disabled is null, row.Disabled,
        row.DisabledAt, secret ? row.Secret : null, row.FormerSecretUntil > now ? row.FormerSecretUntil : null,
        row.CreatedAt, row.ChangedAt, $"/webhooks/{row.Id}");
}

/// <summary>A page of webhooks.</summary>
/// <param name="Items">Newest first.</param>
/// <param name="Next">Cursor of the next page; absent on the last page.</param>
public sealed record WebhookPage(IReadOnlyList<WebhookView> Items, string? Next);

/// <summary>A delivery of an event to a webhook's receiver.</summary>
/// <param name="Id">Unique id, sent as webhook-id with every attempt.</param>
/// <param name="Webhook">Id of the webhook.</param>
/// <param name="Type">Event type, such as job.succeeded.</param>
/// <param name="Job">Id of the job; absent for a test.</param>
/// <param name="Event">Id of the job's event; absent for a test.</param>
/// <param name="Status">pending, delivered or failed.</param>
/// <param name="Attempts">Number of attempts made.</param>
/// <param name="NextAt">When the next attempt is due.</param>
/// <param name="DeliveredAt">When the receiver accepted it.</param>
/// <param name="CreatedAt">When it was created.</param>
/// <param name="Last">The last attempt.</param>
/// <param name="Log">The last 50 attempts; omitted in lists.</param>
/// <param name="Payload">The exact body that is sent and signed; omitted in lists.</param>
/// <param name="Href">Path of this resource.</param>
public sealed record DeliveryView(
    Guid Id, Guid Webhook, string Type, Guid? Job, long? Event, DeliveryStatus Status, int Attempts, DateTimeOffset? NextAt,
    DateTimeOffset? DeliveredAt, DateTimeOffset CreatedAt, AttemptView? Last,
    IReadOnlyList<AttemptView>? Log, string? Payload, string Href)
{
    /// <param name="row">With its attempts.</param>
    /// <param name="whole">Whether to include payload and attempts.</param>
    internal static DeliveryView Of(DeliveryRow row, bool whole)
    {
        var log = row.Log.OrderBy(attempt => attempt.Number).Select(AttemptView.Of).ToList();
        return new(row.Id, row.WebhookId, row.Type, row.JobId, row.EventId, row.Status, row.Attempts, row.Status == DeliveryStatus.Pending
            ? row.NextAt
            : null, row.DeliveredAt, row.CreatedAt, log.LastOrDefault(),
            whole ? log : null, whole ? row.Payload : null, $"/webhooks/{row.WebhookId}/deliveries/{row.Id}");
    }
}

/// <summary>A delivery attempt.</summary>
/// <param name="Number">Number of the attempt, from 1.</param>
/// <param name="At">When it started.</param>
/// <param name="Status">HTTP status of the response; absent if there was none.</param>
/// <param name="Error">What went wrong; absent on success.</param>
/// <param name="Milliseconds">Duration in milliseconds.</param>
public sealed record AttemptView(int Number, DateTimeOffset At, int? Status, string? Error, double Milliseconds)
{
    internal static AttemptView Of(AttemptRow row) => new(row.Number, row.At, row.Status, row.Error, row.Milliseconds);
}

/// <summary>A page of deliveries.</summary>
/// <param name="Items">Newest first, without payload and log.</param>
/// <param name="Next">Cursor of the next page; absent on the last page.</param>
public sealed record DeliveryPage(IReadOnlyList<DeliveryView> Items, string? Next);
