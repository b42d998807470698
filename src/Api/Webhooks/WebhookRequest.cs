namespace LoraDrop.Api;

/// <summary>A request to create a webhook.</summary>
/// <param name="Url">URL of the receiver: https, a host that the service is allowed to reach, without user name and fragment.</param>
/// <param name="Events">Event types to send: <c>job.submitted</c>, <c>job.started</c>, <c>job.importance_measured</c>,
/// <c>job.stage_succeeded</c>, <c>job.paused</c>, <c>job.retried</c>, <c>job.succeeded</c>, <c>job.failed</c>, <c>job.cancelled</c>, or
/// <c>*</c> for all; default <c>*</c>.</param>
/// <param name="Description">A description of up to 255 characters.</param>
/// <param name="AllOwners">Whether to send events of all owners' jobs; admins only, default false.</param>
/// <param name="Enabled">Whether events are sent; default true.</param>
public sealed record WebhookRequest(string Url, IReadOnlyList<string> Events, string? Description, bool AllOwners, bool Enabled);

/// <summary>An update of a webhook; omitted fields are unchanged.</summary>
/// <param name="Url">URL of the receiver; also applies to pending deliveries.</param>
/// <param name="Events">Event types to send from now on.</param>
/// <param name="Description">A description; null removes it.</param>
/// <param name="AllOwners">Whether to send events of all owners' jobs; admins only.</param>
/// <param name="Enabled">Whether events are sent. Re-enabling sends the deliveries that were pending, but not events that happened while
/// disabled.</param>
public sealed record WebhookChange(string? Url, IReadOnlyList<string>? Events, string? Description, bool? AllOwners, bool? Enabled);
