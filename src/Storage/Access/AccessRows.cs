using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace LoraDrop.Storage;

/// <summary>An API key. The key itself is shown once, when it is created; only its digest is stored.</summary>
public sealed class ApiKeyRow
{
    public Guid Id { get; init; }

    /// <summary>For people: what the key is used for.</summary>
    public required string Name { get; init; }

    /// <summary>The start of the key, which identifies it.</summary>
    public required string Prefix { get; init; }

    /// <summary>sha256 of the whole key, in hexadecimal. A key has 256 random bits, so no slower hash is needed.</summary>
    public required string Sha256 { get; init; }

    /// <summary>The owner of everything created with the key; keys of one owner see the same.</summary>
    public required string Owner { get; init; }

    public Role Role { get; init; }

    /// <summary>Requests per minute; null for the service's default.</summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>Maximum number of waiting, running and paused jobs of its owner; null for the service's default.</summary>
    public int? ActiveJobs { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public required string CreatedBy { get; init; }

    /// <summary>When it expires; null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    public DateTimeOffset? RevokedAt { get; set; }

    /// <summary>When it was last used, to within some minutes.</summary>
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

/// <summary>A change, for the audit log.</summary>
public sealed class AuditRow
{
    public long Id { get; init; }

    public DateTimeOffset At { get; init; }

    /// <summary>The caller's name: a key's prefix, a token's subject, the command line.</summary>
    public required string Actor { get; init; }

    public required string Owner { get; init; }

    public Role Role { get; init; }

    /// <summary>The operation's id in OpenAPI: <c>submitJob</c>.</summary>
    public required string Action { get; init; }

    /// <summary>The path of the created or changed resource: <c>/jobs/{id}</c>.</summary>
    public required string Target { get; init; }

    /// <summary>The client's address; null on the command line.</summary>
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

/// <summary>A request with an idempotency key, and its response.</summary>
public sealed class IdempotencyRow
{
    public required string Owner { get; init; }

    /// <summary>The value of the Idempotency-Key header.</summary>
    public required string Key { get; init; }

    /// <summary>Method and path.</summary>
    public required string Operation { get; init; }

    /// <summary>sha256 of the body; null while the first request is being received.</summary>
    public string? BodySha256 { get; set; }

    /// <summary>The id reserved for the new resource: a retry finds it, even if the first try died before it could respond.</summary>
    public Guid Resource { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>The lease of the process that handles it.</summary>
    public DateTimeOffset HeldUntil { get; set; }

    /// <summary>The response's status; null until there is one.</summary>
    public int? Status { get; set; }

    /// <summary>The response's headers.</summary>
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
