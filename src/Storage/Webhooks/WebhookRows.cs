using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace LoraDrop.Storage;

/// <summary>A webhook: an address that receives the events of jobs.</summary>
public sealed class WebhookRow
{
    public Guid Id { get; init; }

    /// <summary>Whose it is, and whose jobs it hears of.</summary>
    public required string Owner { get; init; }

    /// <summary>Whether it hears of everybody's jobs; only an admin may say so.</summary>
    public bool AllOwners { get; set; }

    public required string Url { get; set; }

    public string? Description { get; set; }

    /// <summary>The types it hears of, or <see cref="WebhookType.Every"/>.</summary>
    public List<string> Types { get; set; } = [WebhookType.Every];

    /// <summary>What deliveries are signed with: <c>whsec_</c> and 32 random bytes in base64. A signature needs the secret itself, so no
    /// digest can stand here.</summary>
    public required string Secret { get; set; }

    /// <summary>The secret before, which deliveries are signed with too until <see cref="FormerSecretUntil"/>.</summary>
    public string? FormerSecret { get; set; }

    public DateTimeOffset? FormerSecretUntil { get; set; }

    /// <summary>Why nothing is sent there; null while it is enabled.</summary>
    public DisabledReason? Disabled { get; set; }

    public DateTimeOffset? DisabledAt { get; set; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset ChangedAt { get; set; }
}

internal sealed class WebhookRowMapping : IEntityTypeConfiguration<WebhookRow>
{
    public void Configure(EntityTypeBuilder<WebhookRow> builder)
    {
        builder.ToTable("webhooks");
        builder.Property(w => w.Types).AsJson();
        builder.HasIndex(w => new { w.Owner, w.Id });
    }
}

/// <summary>Why nothing is sent to a webhook.</summary>
public enum DisabledReason
{
    /// <summary>A person asked for it.</summary>
    Asked,

    /// <summary>The receiver answered 410: it wants no more.</summary>
    Gone,

    /// <summary>Every attempt of a delivery failed, for three days, and no other came through meanwhile.</summary>
    Failing,
}

/// <summary>One message to one receiver: its id is the <c>webhook-id</c>, the same for every attempt.</summary>
public sealed class DeliveryRow
{
    public Guid Id { get; init; }

    public Guid WebhookId { get; init; }

    /// <summary>The event that it tells of, once for each webhook; null for a test.</summary>
    public long? EventId { get; init; }

    /// <summary>The job that it tells of, which may be gone by now; null for a test.</summary>
    public Guid? JobId { get; init; }

    /// <summary>One of <see cref="WebhookType"/>.</summary>
    public required string Type { get; init; }

    /// <summary>The body as it is sent, every time to the byte.</summary>
    public required string Payload { get; init; }

    public DeliveryStatus Status { get; set; }

    /// <summary>How often it was sent. It is the fencing token: only the latest attempt may say how it went.</summary>
    public int Attempts { get; set; }

    /// <summary>How often it was sent since it was made or replayed, which says how long to wait.</summary>
    public int Round { get; set; }

    /// <summary>When it was made or last replayed.</summary>
    public DateTimeOffset RoundAt { get; set; }

    /// <summary>When it is due, or due again.</summary>
    public DateTimeOffset NextAt { get; set; }

    /// <summary>Until when whoever sends it now may be silent; null while nobody does.</summary>
    public DateTimeOffset? LeaseUntil { get; set; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? DeliveredAt { get; set; }

    /// <summary>How each attempt went, the last ones.</summary>
    public List<AttemptRow> Log { get; init; } = [];
}

internal sealed class DeliveryRowMapping : IEntityTypeConfiguration<DeliveryRow>
{
    public void Configure(EntityTypeBuilder<DeliveryRow> builder)
    {
        builder.ToTable("deliveries");
        builder.HasOne<WebhookRow>().WithMany().HasForeignKey(d => d.WebhookId);
        builder.HasMany(d => d.Log).WithOne().HasForeignKey(a => a.DeliveryId);
        builder.HasIndex(d => new { d.WebhookId, d.EventId }).IsUnique(); // a webhook gets an event once, whoever sends it
        builder.HasIndex(d => new { d.WebhookId, d.Id });
        builder.HasIndex(d => d.NextAt).HasFilter("status = 'pending'").HasDatabaseName("ix_deliveries_due");
        builder.HasIndex(d => d.CreatedAt);
    }
}

/// <summary>How far a delivery is.</summary>
public enum DeliveryStatus
{
    /// <summary>It is due, for the first time or again.</summary>
    Pending,

    /// <summary>The receiver took it: it answered with 2xx.</summary>
    Delivered,

    /// <summary>No attempt came through, and no more is made unless somebody replays it.</summary>
    Failed,
}

/// <summary>One attempt of a delivery. Only the status of the answer is kept, not its body.</summary>
public sealed class AttemptRow
{
    public Guid DeliveryId { get; init; }

    /// <summary>From 1.</summary>
    public int Number { get; init; }

    public DateTimeOffset At { get; init; }

    /// <summary>The HTTP status; null where no answer came.</summary>
    public int? Status { get; init; }

    /// <summary>What went wrong, for a person; null where nothing did.</summary>
    public string? Error { get; init; }

    public double Milliseconds { get; init; }
}

internal sealed class AttemptRowMapping : IEntityTypeConfiguration<AttemptRow>
{
    public void Configure(EntityTypeBuilder<AttemptRow> builder)
    {
        builder.ToTable("delivery_attempts");
        builder.HasKey(a => new { a.DeliveryId, a.Number });
    }
}
