using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace LoraDrop.Storage;

/// <summary>An API key. The key itself is shown once, when it is made; only its digest is kept.</summary>
public sealed class ApiKeyRow
{
    public Guid Id { get; init; }

    /// <summary>For people: what it is used for.</summary>
    public required string Name { get; init; }

    /// <summary>The beginning of the key, by which it is found and spoken of.</summary>
    public required string Prefix { get; init; }

    /// <summary>sha256 of the whole key, in hexadecimal digits. A key holds 256 random bits, so nothing slower is needed.</summary>
    public required string Sha256 { get; init; }

    /// <summary>To whom belongs what it makes; keys of one owner see the same.</summary>
    public required string Owner { get; init; }

    public Role Role { get; init; }

    /// <summary>Requests a minute; null for the service's own limit.</summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>Jobs of its owner that may wait, run or be paused at a time; null for the service's own limit.</summary>
    public int? ActiveJobs { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public required string CreatedBy { get; init; }

    /// <summary>After this it is refused; null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    public DateTimeOffset? RevokedAt { get; set; }

    /// <summary>When it was last used, to some minutes.</summary>
    public DateTimeOffset? UsedAt { get; set; }
}

internal sealed class ApiKeyRowMapping : IEntityTypeConfiguration<ApiKeyRow>
{
    public void Configure(EntityTypeBuilder<ApiKeyRow> builder)
    {
        builder.ToTable("api_keys");
        builder.HasIndex(k => k.Prefix).IsUnique();
    }
}

/// <summary>A change that somebody made.</summary>
public sealed class AuditRow
{
    public long Id { get; init; }

    public DateTimeOffset At { get; init; }

    /// <summary>The caller's name: a key's prefix, a token's subject, the command line.</summary>
    public required string Actor { get; init; }

    public required string Owner { get; init; }

    public Role Role { get; init; }

    /// <summary>The operation as OpenAPI names it: <c>submitJob</c>.</summary>
    public required string Action { get; init; }

    /// <summary>The address of what was made or changed: <c>/jobs/{id}</c>.</summary>
    public required string Target { get; init; }

    /// <summary>Where the request came from; null on the command line.</summary>
    public string? Address { get; init; }

    /// <summary>The request's trace, to find it in logs.</summary>
    public string? TraceId { get; init; }
}

internal sealed class AuditRowMapping : IEntityTypeConfiguration<AuditRow>
{
    public void Configure(EntityTypeBuilder<AuditRow> builder)
    {
        builder.ToTable("audit");
    }
}

/// <summary>A request that must be done once, however often it is sent, and what it was answered with.</summary>
public sealed class IdempotencyRow
{
    public required string Owner { get; init; }

    /// <summary>The value of the header Idempotency-Key.</summary>
    public required string Key { get; init; }

    /// <summary>Method and address.</summary>
    public required string Operation { get; init; }

    /// <summary>sha256 of the body; null while the first request is on its way.</summary>
    public string? BodySha256 { get; set; }

    /// <summary>The id that what is made gets: a second try finds it, even if the first died before it could answer.</summary>
    public Guid Resource { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Until when whoever works on it may be silent.</summary>
    public DateTimeOffset HeldUntil { get; set; }

    /// <summary>The status that was answered; null while it is not.</summary>
    public int? Status { get; set; }

    /// <summary>The headers that were answered.</summary>
    public Dictionary<string, string>? Headers { get; set; }

    public byte[]? Body { get; set; }
}

internal sealed class IdempotencyRowMapping : IEntityTypeConfiguration<IdempotencyRow>
{
    public void Configure(EntityTypeBuilder<IdempotencyRow> builder)
    {
        builder.ToTable("idempotent_requests");
        builder.HasKey(r => new { r.Owner, r.Key });
        builder.HasIndex(r => r.CreatedAt);
        builder.Property(r => r.Headers).AsJson();
    }
}
