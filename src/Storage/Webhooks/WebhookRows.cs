using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace LoraDrop.Storage;

/// <summary>A webhook: an address that receives the events of jobs.</summary>
public sealed class WebhookRow
{
    public Guid Id { get; init; }

    /// <summary>The owner, whose jobs it receives events of.</summary>
    public required string Owner { get; init; }

    /// <summary>Whether it receives events of everyone's jobs; requires an admin.</summary>
    public bool AllOwners { get; set; }

    public required string Url { get; set; }

    public string? Description { get; set; }

    /// <summary>The event types it receives, or <see cref="WebhookType.Every"/>.</summary>
    public List<string> Types { get; set; } = [WebhookType.Every];

    /// <summary>The signing secret: <c>whsec_</c> and 32 random bytes in base64. Signing needs the secret itself, so a digest cannot be
    /// stored instead.</summary>
    public required string Secret { get; set; }

    /// <summary>The previous secret, with which deliveries are also signed until <see cref="FormerSecretUntil"/>.</summary>
    public string? FormerSecret { get; set; }

    public DateTimeOffset? FormerSecretUntil { get; set; }

    /// <summary>Why it is disabled; null while it is enabled.</summary>
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

/// <summary>Why a webhook is disabled.</summary>
public enum DisabledReason
{
    /// <summary>A user disabled it.</summary>
    Asked,

    /// <summary>The receiver responded with 410 Gone.</summary>
    Gone,

    /// <summary>Every attempt of a delivery failed, for three days, and no other delivery succeeded meanwhile.</summary>
    Failing,
}

/// <summary>One message to one receiver: its id is the <c>webhook-id</c>, the same for every attempt.</summary>
public sealed class DeliveryRow
{
    public Guid Id { get; init; }

    public Guid WebhookId { get; init; }

    /// <summary>The event, unique per webhook; null for a test.</summary>
    public long? EventId { get; init; }

    /// <summary>The event's job, which may no longer exist; null for a test.</summary>
    public Guid? JobId { get; init; }

    /// <summary>One of <see cref="WebhookType"/>.</summary>
    public required string Type { get; init; }

    /// <summary>The body, byte for byte the same in every attempt.</summary>
    public required string Payload { get; init; }

    public DeliveryStatus Status { get; set; }

    /// <summary>The number of attempts. It is the fencing token: only the latest attempt may write its outcome.</summary>
    public int Attempts { get; set; }

    /// <summary>The number of attempts since it was created or last replayed, which determines the wait before the next.</summary>
    public int Round { get; set; }

    /// <summary>When it was created or last replayed.</summary>
    public DateTimeOffset RoundAt { get; set; }

    /// <summary>When the next attempt is due.</summary>
    public DateTimeOffset NextAt { get; set; }

    /// <summary>The lease of the attempt in flight; null if there is none.</summary>
    public DateTimeOffset? LeaseUntil { get; set; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? DeliveredAt { get; set; }

    /// <summary>The outcomes of the latest attempts.</summary>
    public List<AttemptRow> Log { get; init; } = [];
}

internal sealed class DeliveryRowMapping : IEntityTypeConfiguration<DeliveryRow>
{
    public void Configure(EntityTypeBuilder<DeliveryRow> builder)
    {
        builder.ToTable("deliveries");
        builder.HasOne<WebhookRow>().WithMany().HasForeignKey(d => d.WebhookId);
        builder.HasMany(d => d.Log).WithOne().HasForeignKey(a => a.DeliveryId);
        builder.HasIndex(d => new { d.WebhookId, d.EventId }).IsUnique(); // a webhook gets an event once, whichever process sends it
        builder.HasIndex(d => new { d.WebhookId, d.Id });
        builder.HasIndex(d => d.NextAt).HasFilter("status = 'pending'").HasDatabaseName("ix_deliveries_due");
        builder.HasIndex(d => d.CreatedAt);
    }
}

/// <summary>The status of a delivery.</summary>
public enum DeliveryStatus
{
    /// <summary>An attempt is due, the first or another.</summary>
    Pending,

    /// <summary>The receiver responded with 2xx.</summary>
    Delivered,

    /// <summary>Every attempt failed, and no more follow unless a user replays it.</summary>
    Failed,
}

/// <summary>One attempt of a delivery. Only the status of the response is stored, not its body.</summary>
public sealed class AttemptRow
{
    public Guid DeliveryId { get; init; }

    /// <summary>From 1.</summary>
    public int Number { get; init; }

    public DateTimeOffset At { get; init; }

    /// <summary>The HTTP status; null if there was no response.</summary>
    public int? Status { get; init; }

    /// <summary>What went wrong, for people; null on success.</summary>
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
