namespace LoraDrop.Api;

/// <summary>Asks for a webhook. This describes the body; <see cref="Storage.WebhookWish"/> reads it.</summary>
/// <param name="Url">Where to send to: https, and a host that the service may reach. No user's name in it, no part after '#'.</param>
/// <param name="Events">What to send: <c>job.submitted</c>, <c>job.started</c>, <c>job.importance_measured</c>, <c>job.stage_succeeded</c>, <c>job.paused</c>, <c>job.retried</c>, <c>job.succeeded</c>, <c>job.failed</c>, <c>job.cancelled</c>, or <c>*</c> for all. Default <c>*</c>.</param>
/// <param name="Description">For people; up to 255 characters.</param>
/// <param name="AllOwners">Whether to hear of everybody's jobs; only an admin may say so. Default false.</param>
/// <param name="Enabled">Whether anything is sent; default true.</param>
public sealed record WebhookRequest(string Url, IReadOnlyList<string> Events, string? Description, bool AllOwners, bool Enabled);

/// <summary>Changes a webhook: what is left out stays as it is.</summary>
/// <param name="Url">Where to send to. Deliveries that wait go there too.</param>
/// <param name="Events">What to send from now on.</param>
/// <param name="Description">For people; null takes it away.</param>
/// <param name="AllOwners">Whether to hear of everybody's jobs; only an admin may say so.</param>
/// <param name="Enabled">Whether anything is sent. What waited when it was disabled is sent when it is enabled again; what happened meanwhile is not.</param>
public sealed record WebhookChange(string? Url, IReadOnlyList<string>? Events, string? Description, bool? AllOwners, bool? Enabled);
