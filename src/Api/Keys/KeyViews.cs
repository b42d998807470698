using LoraDrop.Storage;

namespace LoraDrop.Api;

/// <summary>An API key. The key itself is shown once, when it is made.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Prefix">Its beginning, by which logs and the audit name it.</param>
/// <param name="Name">What it is used for.</param>
/// <param name="Role">read, submit or admin.</param>
/// <param name="Owner">To whom belongs what it makes; <c>*</c> sees what belongs to anybody.</param>
/// <param name="Key">The key: only in the answer that made it.</param>
/// <param name="RequestsPerMinute">Its own limit.</param>
/// <param name="ActiveJobs">Its own limit of jobs at a time.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="CreatedBy">Who made it.</param>
/// <param name="ExpiresAt">After this it is refused.</param>
/// <param name="RevokedAt">Since when it is refused.</param>
/// <param name="UsedAt">When it was last used, to ten minutes.</param>
/// <param name="Href">Its own page.</param>
public sealed record KeyView(
    Guid Id, string Prefix, string Name, Role Role, string Owner, string? Key, int? RequestsPerMinute, int? ActiveJobs, DateTimeOffset CreatedAt, string CreatedBy,
    DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt, DateTimeOffset? UsedAt, string Href)
{
    internal static KeyView Of(ApiKeyRow row, string? key = null) => new(
        row.Id, row.Prefix, row.Name, row.Role, row.Owner, key, row.RequestsPerMinute, row.ActiveJobs, row.CreatedAt, row.CreatedBy, row.ExpiresAt, row.RevokedAt, row.UsedAt, $"/keys/{row.Id}");
}

/// <summary>The keys.</summary>
/// <param name="Items">Newest first; those that are revoked or expired too.</param>
public sealed record KeyList(IReadOnlyList<KeyView> Items);

/// <summary>A change that somebody made.</summary>
/// <param name="Id">Ids grow with time.</param>
/// <param name="At">When.</param>
/// <param name="Actor">Who: a key's prefix, a name in a token, the command line.</param>
/// <param name="Owner">For whom.</param>
/// <param name="Role">With which role.</param>
/// <param name="Action">The operation, as this document names it.</param>
/// <param name="Target">The address of what was made or changed.</param>
/// <param name="Address">Where the request came from.</param>
/// <param name="TraceId">Its trace, to find it in logs.</param>
public sealed record AuditView(long Id, DateTimeOffset At, string Actor, string? Owner, Role Role, string Action, string Target, string? Address, string? TraceId)
{
    internal static AuditView Of(AuditRow row) => new(row.Id, row.At, row.Actor, Views.Owner(row.Owner), row.Role, row.Action, row.Target, row.Address, row.TraceId);
}

/// <summary>A part of the audit.</summary>
/// <param name="Items">Newest first.</param>
/// <param name="Next">Where it goes on, as <c>before</c>; absent at its end.</param>
public sealed record AuditPage(IReadOnlyList<AuditView> Items, long? Next);
