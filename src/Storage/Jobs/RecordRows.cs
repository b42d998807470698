using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace LoraDrop.Storage;

/// <summary>How much an event matters.</summary>
public enum EventLevel
{
    Info,

    Warning,

    Error,
}

/// <summary>Something that happened to a job. Ids grow, over all jobs; a stream goes on from one.</summary>
public sealed class EventRow
{
    public long Id { get; init; }

    public Guid JobId { get; init; }

    public DateTimeOffset At { get; init; }

    public EventLevel Level { get; init; }

    /// <summary>One of <see cref="EventType"/>.</summary>
    public required string Type
    {
        get;
        init => (field, Untold) = (value, WebhookType.Of(value) is not null); // a row that is read sets its fields, and does not come here
    }

    public required string Message { get; init; }

    /// <summary>The event's numbers as JSON.</summary>
    public string? Data { get; init; }

    /// <summary>Whether webhooks are still to be told (<see cref="WebhookOutbox"/>). Whoever adds an event need not know of them: its type
    /// says so.</summary>
    public bool Untold { get; set; }
}

internal sealed class EventRowMapping : IEntityTypeConfiguration<EventRow>
{
    public void Configure(EntityTypeBuilder<EventRow> builder)
    {
        builder.ToTable("events");
        builder.HasOne<JobRow>().WithMany().HasForeignKey(e => e.JobId);
        builder.HasIndex(e => new { e.JobId, e.Id });
        builder.HasIndex(e => e.Id).HasFilter("untold").HasDatabaseName("ix_events_untold");
    }
}

/// <summary>The kinds of events; docs/api lists what their data holds.</summary>
public static class EventType
{
    public const string Submitted = "submitted", Queued = "queued", StageStarted = "stage-started", Resumed = "resumed",
        ImportanceMeasured = "importance-measured",
        ImportanceReused = "importance-reused", Evaluated = "evaluated", Checkpoint = "checkpoint", StageSucceeded = "stage-succeeded",
        Log = "log", Interrupted = "interrupted",
        AttemptFailed = "attempt-failed", PauseRequested = "pause-requested", Paused = "paused", ResumeRequested = "resume-requested",
        CancelRequested = "cancel-requested", Cancelled = "cancelled", Failed = "failed", Succeeded = "succeeded", Retried = "retried";

    /// <summary>After one of these nothing comes unless a person asks.</summary>
    public static bool IsEnd(string type) => type is Cancelled or Failed or Succeeded;
}

/// <summary>One number at one step.</summary>
public sealed class MetricRow
{
    public Guid JobId { get; init; }

    public Stage Stage { get; init; }

    /// <summary><c>train/loss</c>, <c>train/learning_rate</c>, <c>train/gradient_norm</c>, <c>train/tokens_per_second</c>,
    /// <c>validation/accuracy</c> …, as in the curves for TensorBoard.</summary>
    public required string Name { get; init; }

    public int Step { get; init; }

    public double Value { get; init; }
}

internal sealed class MetricRowMapping : IEntityTypeConfiguration<MetricRow>
{
    public void Configure(EntityTypeBuilder<MetricRow> builder)
    {
        builder.ToTable("metrics");
        builder.HasKey(m => new { m.JobId, m.Name, m.Stage, m.Step });
        builder.HasOne<JobRow>().WithMany().HasForeignKey(m => m.JobId);
    }
}

/// <summary>What one site contributes, and what it got.</summary>
public sealed class ImportanceRow
{
    public Guid JobId { get; init; }

    public required string Type { get; init; }

    public int Layer { get; init; }

    public double G { get; init; }

    public double PerToken { get; init; }

    public double I { get; init; }

    public Place Place { get; init; }

    public required Histogram Norms { get; init; }
}

internal sealed class ImportanceRowMapping : IEntityTypeConfiguration<ImportanceRow>
{
    public void Configure(EntityTypeBuilder<ImportanceRow> builder)
    {
        builder.ToTable("importance");
        builder.HasKey(i => new { i.JobId, i.Type, i.Layer });
        builder.Property(i => i.Norms).AsJson();
        builder.HasOne<JobRow>().WithMany().HasForeignKey(i => i.JobId);
    }
}

/// <summary>What an importance evaluation was measured on.</summary>
public sealed class ImportanceSummaryRow
{
    public Guid JobId { get; init; }

    public ImportanceScope Scope { get; init; }

    public double? Threshold { get; init; }

    public int Examples { get; init; }

    public long Tokens { get; init; }

    public required List<string> Remarks { get; init; }
}

internal sealed class ImportanceSummaryRowMapping : IEntityTypeConfiguration<ImportanceSummaryRow>
{
    public void Configure(EntityTypeBuilder<ImportanceSummaryRow> builder)
    {
        builder.ToTable("importance_summaries");
        builder.HasKey(s => s.JobId);
        builder.Property(s => s.Remarks).AsJson();
        builder.HasOne<JobRow>().WithOne().HasForeignKey<ImportanceSummaryRow>(s => s.JobId);
    }
}

/// <summary>A point from which a stage can go on. Only the newest of a stage has its files still.</summary>
public sealed class CheckpointRow
{
    public Guid JobId { get; init; }

    public Stage Stage { get; init; }

    public int Step { get; init; }

    public int Attempt { get; init; }

    public DateTimeOffset At { get; init; }

    /// <summary>Of checkpoint.safetensors.</summary>
    public long Bytes { get; init; }

    public required string Sha256 { get; init; }

    /// <summary>The scores of the evaluation at this step, if there was one.</summary>
    public Dictionary<string, double>? Scores { get; init; }

    /// <summary>The files of the run's folder, name in it to key; none where a newer checkpoint took its place.</summary>
    public List<StoredFile> Files { get; set; } = [];
}

internal sealed class CheckpointRowMapping : IEntityTypeConfiguration<CheckpointRow>
{
    public void Configure(EntityTypeBuilder<CheckpointRow> builder)
    {
        builder.ToTable("checkpoints");
        builder.HasKey(c => new { c.JobId, c.Stage, c.Step });
        builder.Property(c => c.Scores).AsJson();
        builder.Property(c => c.Files).AsJson();
        builder.HasOne<JobRow>().WithMany().HasForeignKey(c => c.JobId);
    }
}

/// <summary>A file that a job left for its user.</summary>
public sealed class ArtifactRow
{
    public Guid JobId { get; init; }

    /// <summary>As in the run's folder: <c>adapter/adapter_model.safetensors</c>.</summary>
    public required string Name { get; init; }

    public required string Key { get; init; }

    public long Bytes { get; init; }

    public required string Sha256 { get; init; }

    public Stage Stage { get; init; }

    public DateTimeOffset CreatedAt { get; init; }
}

internal sealed class ArtifactRowMapping : IEntityTypeConfiguration<ArtifactRow>
{
    public void Configure(EntityTypeBuilder<ArtifactRow> builder)
    {
        builder.ToTable("artifacts");
        builder.HasKey(a => new { a.JobId, a.Name });
        builder.HasOne<JobRow>().WithMany().HasForeignKey(a => a.JobId);
    }
}

/// <summary>A file under its name in a folder, where it rests, and what is in it.</summary>
public sealed record StoredFile(string Name, string Key, long Bytes, string Sha256);

/// <summary>A process that takes up stages.</summary>
public sealed class WorkerRow
{
    /// <summary>Host and process, new at every start.</summary>
    public required string Id { get; init; }

    public required string Host { get; init; }

    public required string Version { get; init; }

    public required string Device { get; init; }

    /// <summary>Stages at a time.</summary>
    public int Slots { get; init; }

    /// <summary>What jobs may ask for: <c>gpu</c>, <c>zone</c>, ….</summary>
    public Dictionary<string, string> Labels { get; init; } = [];

    /// <summary>What it computes on, with the GPU's name: stages on the same are about as fast.</summary>
    public string DeviceName => Labels.TryGetValue("gpu", out var gpu) ? $"{Device} {gpu}" : Device;

    /// <summary>Bytes of memory that one stage can have on it: the GPU's, or the machine's.</summary>
    public long Memory { get; init; }

    /// <summary>It was told to end: it hands back what it has and takes nothing more.</summary>
    public bool Stopping { get; set; }

    public DateTimeOffset StartedAt { get; init; }

    public DateTimeOffset HeartbeatAt { get; set; }
}

internal sealed class WorkerRowMapping : IEntityTypeConfiguration<WorkerRow>
{
    public void Configure(EntityTypeBuilder<WorkerRow> builder)
    {
        builder.ToTable("workers");
        builder.Property(w => w.Labels).AsJson();
        builder.Ignore(w => w.DeviceName);
    }
}
