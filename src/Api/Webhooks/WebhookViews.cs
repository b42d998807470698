using LoraDrop.Storage;

namespace LoraDrop.Api;

/// <summary>Where somebody is told what happens to jobs.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Url">Where it is sent to; a host with other letters than ASCII stands in punycode.</param>
/// <param name="Events">The types that it hears of; <c>*</c> for all.</param>
/// <param name="Description">For people.</param>
/// <param name="Owner">Whose it is; absent on a service without keys.</param>
/// <param name="AllOwners">Whether it hears of everybody's jobs, not only of its owner's.</param>
/// <param name="Enabled">Whether anything is sent.</param>
/// <param name="DisabledReason">Why nothing is sent: asked, gone (it answered 410) or failing.</param>
/// <param name="DisabledAt">Since when nothing is sent.</param>
/// <param name="Secret">What deliveries are signed with: shown when it is made, and never again.</param>
/// <param name="FormerSecretUntil">Until when deliveries are signed with the secret before, too.</param>
/// <param name="CreatedAt">When it was added.</param>
/// <param name="ChangedAt">When it was last changed.</param>
/// <param name="Href">Its own page.</param>
public sealed record WebhookView(
    Guid Id, string Url, IReadOnlyList<string> Events, string? Description, string? Owner, bool AllOwners, bool Enabled, DisabledReason? DisabledReason, DateTimeOffset? DisabledAt, string? Secret,
    DateTimeOffset? FormerSecretUntil, DateTimeOffset CreatedAt, DateTimeOffset ChangedAt, string Href)
{
    internal static WebhookView Of(WebhookRow row, DateTimeOffset now, bool secret = false) => new(
        row.Id, row.Url, row.Types, row.Description, Views.Owner(row.Owner), row.AllOwners, row.Disabled is null, row.Disabled, row.DisabledAt, secret ? row.Secret : null, row.FormerSecretUntil > now ? row.FormerSecretUntil : null,
        row.CreatedAt, row.ChangedAt, $"/webhooks/{row.Id}");
}

/// <summary>A part of the webhooks.</summary>
/// <param name="Items">Newest first.</param>
/// <param name="Next">The cursor for the next part; absent at the end.</param>
public sealed record WebhookPage(IReadOnlyList<WebhookView> Items, string? Next);

/// <summary>A message to a receiver.</summary>
/// <param name="Id">Its id, which is sent as webhook-id with every attempt.</param>
/// <param name="Webhook">The webhook.</param>
/// <param name="Type">What it tells of, such as job.succeeded.</param>
/// <param name="Job">The job that it tells of; absent in a test.</param>
/// <param name="Event">The id of the job's event that it tells of; absent in a test.</param>
/// <param name="Status">pending, delivered or failed.</param>
/// <param name="Attempts">How often it was sent.</param>
/// <param name="NextAt">When it is to be sent, or sent again.</param>
/// <param name="DeliveredAt">When the receiver took it.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="Last">How the last attempt went.</param>
/// <param name="Log">How each of the last 50 attempts went; a list of deliveries leaves it out.</param>
/// <param name="Payload">The body, to the byte as it is sent and signed; a list of deliveries leaves it out.</param>
/// <param name="Href">Its own page.</param>
public sealed record DeliveryView(
    Guid Id, Guid Webhook, string Type, Guid? Job, long? Event, DeliveryStatus Status, int Attempts, DateTimeOffset? NextAt, DateTimeOffset? DeliveredAt, DateTimeOffset CreatedAt, AttemptView? Last,
    IReadOnlyList<AttemptView>? Log, string? Payload, string Href)
{
    /// <param name="row">With its attempts.</param>
    /// <param name="whole">Whether payload and attempts are shown.</param>
    internal static DeliveryView Of(DeliveryRow row, bool whole)
    {
        var log = row.Log.OrderBy(attempt => attempt.Number).Select(AttemptView.Of).ToList();
        return new(row.Id, row.WebhookId, row.Type, row.JobId, row.EventId, row.Status, row.Attempts, row.Status == DeliveryStatus.Pending ? row.NextAt : null, row.DeliveredAt, row.CreatedAt, log.LastOrDefault(),
            whole ? log : null, whole ? row.Payload : null, $"/webhooks/{row.WebhookId}/deliveries/{row.Id}");
    }
}

/// <summary>One attempt to deliver.</summary>
/// <param name="Number">From 1.</param>
/// <param name="At">When it began.</param>
/// <param name="Status">The HTTP status that came; absent where none did.</param>
/// <param name="Error">What went wrong; absent where nothing did.</param>
/// <param name="Milliseconds">How long it took.</param>
public sealed record AttemptView(int Number, DateTimeOffset At, int? Status, string? Error, double Milliseconds)
{
    internal static AttemptView Of(AttemptRow row) => new(row.Number, row.At, row.Status, row.Error, row.Milliseconds);
}

/// <summary>A part of a webhook's deliveries.</summary>
/// <param name="Items">Newest first, without payloads and logs.</param>
/// <param name="Next">The cursor for the next part; absent at the end.</param>
public sealed record DeliveryPage(IReadOnlyList<DeliveryView> Items, string? Next);
