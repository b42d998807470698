using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace LoraDrop.Storage;

/// <summary>The severity of an event.</summary>
public enum EventLevel
{
    Info,

    Warning,

    Error,
}

/// <summary>An event of a job. Ids increase over all jobs; a stream can resume from one.</summary>
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
        init => (field, Untold) = (value, WebhookType.Of(value) is not null); // EF Core sets fields, so rows it reads bypass this
    }

    public required string Message { get; init; }

    /// <summary>The event's data as JSON.</summary>
    public string? Data { get; init; }

    /// <summary>Whether webhook deliveries are still to be created (<see cref="WebhookOutbox"/>). Set from the event's type, so code that
    /// adds events need not know about webhooks.</summary>
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

/// <summary>The types of events; docs/api describes their data.</summary>
public static class EventType
{
    public const string Submitted = "submitted", Queued = "queued", StageStarted = "stage-started", Resumed = "resumed",
        ImportanceMeasured = "importance-measured",
        ImportanceReused = "importance-reused", Evaluated = "evaluated", Checkpoint = "checkpoint", StageSucceeded = "stage-succeeded",
        Log = "log", Interrupted = "interrupted",
        AttemptFailed = "attempt-failed", PauseRequested = "pause-requested", Paused = "paused", ResumeRequested = "resume-requested",
        CancelRequested = "cancel-requested", Cancelled = "cancelled", Failed = "failed", Succeeded = "succeeded", Retried = "retried",
        ExperimentFinished = "experiment-finished";

    /// <summary>Whether no event follows this one unless a user acts.</summary>
    public static bool IsEnd(string type) => type is Cancelled or Failed or Succeeded;
}

/// <summary>One value of a metric at one step.</summary>
public sealed class MetricRow
{
    public Guid JobId { get; init; }

    public Stage Stage { get; init; }

    /// <summary><c>train/loss</c>, <c>train/learning_rate</c>, <c>train/gradient_norm</c>, <c>train/tokens_per_second</c>,
    /// <c>validation/accuracy</c> …, as in the TensorBoard curves.</summary>
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

/// <summary>The importance of one site, and where its module is placed.</summary>
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

    /// <summary>The energies of the output's principal directions; null if the method has none.</summary>
    public IReadOnlyList<double>? Energies { get; init; }

    /// <summary>The rank of its own LoRA, if importance has decided it.</summary>
    public int? Rank { get; init; }
}

internal sealed class ImportanceRowMapping : IEntityTypeConfiguration<ImportanceRow>
{
    public void Configure(EntityTypeBuilder<ImportanceRow> builder)
    {
        builder.ToTable("importance");
        builder.HasKey(i => new { i.JobId, i.Type, i.Layer });
        builder.Property(i => i.Norms).AsJson();
        builder.Property(i => i.Energies).AsJson();
        builder.HasOne<JobRow>().WithMany().HasForeignKey(i => i.JobId);
    }
}

/// <summary>The data and settings of an importance evaluation.</summary>
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

/// <summary>A point from which a stage can resume. Only a stage's newest checkpoint still has its files.</summary>
public sealed class CheckpointRow
{
    public Guid JobId { get; init; }

    public Stage Stage { get; init; }

    public int Step { get; init; }

    public int Attempt { get; init; }

    public DateTimeOffset At { get; init; }

    /// <summary>The size of checkpoint.safetensors.</summary>
    public long Bytes { get; init; }

    public required string Sha256 { get; init; }

    /// <summary>The scores of the evaluation at this step, if any.</summary>
    public Dictionary<string, double>? Scores { get; init; }

    /// <summary>The files by their names in the run's folder, with their keys; empty once a newer checkpoint has replaced it.</summary>
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

/// <summary>An output file of a job.</summary>
public sealed class ArtifactRow
{
    public Guid JobId { get; init; }

    /// <summary>The path in the run's folder: <c>adapter/adapter_model.safetensors</c>.</summary>
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

/// <summary>A file's name, its object key, and its content's size and digest.</summary>
public sealed record StoredFile(string Name, string Key, long Bytes, string Sha256);

/// <summary>A process that runs stages.</summary>
public sealed class WorkerRow
{
    /// <summary>Host and process, new at every start.</summary>
    public required string Id { get; init; }

    public required string Host { get; init; }

    public required string Version { get; init; }

    public required string Device { get; init; }

    /// <summary>The number of stages it runs at a time.</summary>
    public int Slots { get; init; }

    /// <summary>The labels that jobs may select: <c>gpu</c>, <c>zone</c>, ….</summary>
    public Dictionary<string, string> Labels { get; init; } = [];

    /// <summary>The device, with the GPU's name: stages on the same device are about equally fast.</summary>
    public string DeviceName => Labels.TryGetValue("gpu", out var gpu) ? $"{Device} {gpu}" : Device;

    /// <summary>Bytes of device memory available to one stage: the GPU's, or the machine's.</summary>
    public long Memory { get; init; }

    /// <summary>It is stopping: it releases its stages and takes no new ones.</summary>
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
