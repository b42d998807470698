using LoraDrop.Storage;

namespace LoraDrop.Api;

/// <summary>An API key. The key itself is shown only once, when it is created.</summary>
/// <param name="Id">Unique id.</param>
/// <param name="Prefix">The start of the key, which identifies it in logs and audit entries.</param>
/// <param name="Name">Name that describes its use.</param>
/// <param name="Role">read, submit or admin.</param>
/// <param name="Owner">Owner of everything created with the key; <c>*</c> reads everything of all owners.</param>
/// <param name="Key">The key itself; only in the response that created it.</param>
/// <param name="RequestsPerMinute">Rate limit of the key; absent for the service's default.</param>
/// <param name="ActiveJobs">Limit of active jobs; absent for the service's default.</param>
/// <param name="CreatedAt">When it was created.</param>
/// <param name="CreatedBy">Who created it.</param>
/// <param name="ExpiresAt">When it expires; absent if never.</param>
/// <param name="RevokedAt">When it was revoked; absent if it was not.</param>
/// <param name="UsedAt">When it was last used, accurate to ten minutes.</param>
/// <param name="Href">Path of this resource.</param>
public sealed record KeyView(
    Guid Id, string Prefix, string Name, Role Role, string Owner, string? Key, int? RequestsPerMinute, int? ActiveJobs,
    DateTimeOffset CreatedAt, string CreatedBy,
    DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt, DateTimeOffset? UsedAt, string Href)
{
    internal static KeyView Of(ApiKeyRow row, string? key = null) => new(
        row.Id, row.Prefix, row.Name, row.Role, row.Owner, key, row.RequestsPerMinute, row.ActiveJobs, row.CreatedAt, row.CreatedBy,
        row.ExpiresAt, row.RevokedAt, row.UsedAt, $"/keys/{row.Id}");
}

/// <summary>A list of API keys.</summary>
/// <param name="Items">Newest first, including revoked and expired keys.</param>
public sealed record KeyList(IReadOnlyList<KeyView> Items);

/// <summary>A recorded change.</summary>
/// <param name="Id">Ids increase with time.</param>
/// <param name="At">Time of the event.</param>
/// <param name="Actor">Who made the change: a key's prefix, a name from a token, or the command line.</param>
/// <param name="Owner">The owner it was made for.</param>
/// <param name="Role">The role of the actor.</param>
/// <param name="Action">The operationId in this document.</param>
/// <param name="Target">Path of the created or changed resource.</param>
/// <param name="Address">IP address of the client.</param>
/// <param name="TraceId">Trace id, for finding the request in logs.</param>
public sealed record AuditView(long Id, DateTimeOffset At, string Actor, string? Owner, Role Role, string Action, string Target,
    string? Address, string? TraceId)
{
    internal static AuditView Of(AuditRow row) =>
        new(row.Id, row.At, row.Actor, Views.Owner(row.Owner), row.Role, row.Action, row.Target, row.Address, row.TraceId);
}

/// <summary>A page of audit entries.</summary>
/// <param name="Items">Newest first.</param>
/// <param name="Next">Value of <c>before</c> for the next page; absent on the last page.</param>
public sealed record AuditPage(IReadOnlyList<AuditView> Items, long? Next);
