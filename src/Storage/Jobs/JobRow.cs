using System.Text.Json.Serialization;
using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace LoraDrop.Storage;

/// <summary>A job. Data that grows with its length (metrics, events, importance) is in tables of its own, so that listing and polling stay
/// cheap.</summary>
public sealed class JobRow
{
    /// <summary>A version 7 GUID, so ids sort by creation time.</summary>
    public Guid Id { get; init; }

    public string? Name { get; init; }

    /// <summary>The submitter; <see cref="Caller.Nobody"/> on a service that serves only its own machine.</summary>
    public string Owner { get; init; } = Caller.Nobody;

    public JobStatus Status { get; set; }

    /// <summary>Increases with every change that is visible to readers; the ETag.</summary>
    public long Version { get; set; }

    public Method Method { get; init; } = Methods.LoraDrop;

    /// <summary>The resolved request as JSON.</summary>
    public required string Settings { get; init; }

    /// <summary>The version of this program that resolved the request.</summary>
    public required string ServiceVersion { get; init; }

    public Guid ModelId { get; init; }

    public ModelRow Model { get; init; } = null!;

    public Guid DatasetId { get; init; }

    public DatasetRow Dataset { get; init; } = null!;

    /// <summary>The job that this one was cloned from; it may no longer exist.</summary>
    public Guid? ClonedFrom { get; init; }

    /// <summary>The experiment that it is part of; null if none.</summary>
    public Guid? ExperimentId { get; init; }

    /// <summary>Its values on the experiment's axes; null where an axis does not apply.</summary>
    public Dictionary<string, string?>? Point { get; init; }

    /// <summary>The job of the same experiment that measures the same importance first.</summary>
    public Guid? ImportanceOf { get; set; }

    /// <summary>Whether its experiment keeps it from being queued (<see cref="ExperimentRelease"/>).</summary>
    public bool Held { get; set; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset? FinishedAt { get; set; }

    /// <summary>When a user deleted it: it is hidden, and purged with its files some days later.</summary>
    public DateTimeOffset? DeletedAt { get; set; }

    /// <summary>When a user requested cancellation while it was running; its worker obeys within a step.</summary>
    public DateTimeOffset? CancelRequestedAt { get; set; }

    /// <summary>When a user requested a pause while it was running; its worker obeys within a step.</summary>
    public DateTimeOffset? PauseRequestedAt { get; set; }

    public Failure? Failure { get; set; }

    /// <summary>The run's result.json; set when the job is done.</summary>
    public string? Result { get; set; }

    /// <summary>The primary score of the result, for lists.</summary>
    public double? Score { get; set; }

    /// <summary>The job's place in its trace: W3C traceparent of the request that submitted it.</summary>
    public string? TraceParent { get; init; }

    /// <summary>The id of the job's MLflow run; null if none.</summary>
    public string? MlflowRun { get; set; }

    /// <summary>How much of it MLflow has received; null if the job is not sent there.</summary>
    public MlflowState? MlflowState { get; set; }

    public List<StageRow> Stages { get; init; } = [];

    public List<LabelRow> Labels { get; init; } = [];

    public JobRequest Request => JobRequest.Parse(Settings);

    /// <summary>The current stage: the first that has not succeeded, else the last.</summary>
    public StageRow Current => Stages.OrderBy(s => s.Stage).FirstOrDefault(s => s.Status != JobStatus.Succeeded)
        ?? Stages.MaxBy(s => s.Stage)!;

    /// <summary>Changes the state by the transition table; the caller has already refused what users must not do.</summary>
    public void MoveTo(JobStatus to, DateTimeOffset now)
    {
        if (!JobMoves.Allows(Status, to)) throw new InvalidOperationException($"job {Id} cannot go from {Status} to {to}");
        Status = to;
        if (to == JobStatus.Running) StartedAt ??= now;
        FinishedAt = JobMoves.IsEnd(to) ? now : null;
    }
}

internal sealed class JobRowMapping : IEntityTypeConfiguration<JobRow>
{
    public void Configure(EntityTypeBuilder<JobRow> builder)
    {
        builder.ToTable("jobs");
        builder.Property(j => j.Version).IsConcurrencyToken();
        builder.Property(j => j.Failure).AsJson();
        builder.Property(j => j.Point).AsJson();
        builder.HasIndex(j => j.ExperimentId).HasFilter("experiment_id IS NOT NULL");
        builder.HasOne(j => j.Model).WithMany().HasForeignKey(j => j.ModelId).OnDelete(DeleteBehavior.Restrict);
        builder.HasOne(j => j.Dataset).WithMany().HasForeignKey(j => j.DatasetId).OnDelete(DeleteBehavior.Restrict);
        builder.HasMany(j => j.Stages).WithOne().HasForeignKey(s => s.JobId);
        builder.HasMany(j => j.Labels).WithOne().HasForeignKey(l => l.JobId);
        builder.HasIndex(j => j.MlflowState).HasFilter("mlflow_state IN ('pending', 'running')").HasDatabaseName("ix_jobs_mlflow_open");
        // Lists are newest first. Each filter has an index in that order, which also holds the columns of the other filters.
        builder.HasIndex(j => new { j.Status, j.Id, j.ModelId, j.DatasetId, j.Method, j.Owner }).HasFilter(JobsContext.NotDeleted);
        builder.HasIndex(j => new { j.ModelId, j.Id, j.Status, j.DatasetId, j.Method, j.Owner });
        builder.HasIndex(j => new { j.DatasetId, j.Id, j.Status, j.ModelId, j.Method, j.Owner });
        builder.HasIndex(j => new { j.Method, j.Id, j.Status, j.ModelId, j.DatasetId, j.Owner }).HasFilter(JobsContext.NotDeleted);
        builder.HasIndex(j => new { j.Owner, j.Id, j.Status, j.ModelId, j.DatasetId, j.Method }).HasFilter(JobsContext.NotDeleted);
        builder.HasIndex(j => j.DeletedAt).HasFilter("deleted_at IS NOT NULL");
    }
}

/// <summary>A label of a job, for filtering.</summary>
public sealed class LabelRow
{
    public Guid JobId { get; init; }

    public required string Name { get; init; }

    public required string Value { get; init; }
}

internal sealed class LabelRowMapping : IEntityTypeConfiguration<LabelRow>
{
    public void Configure(EntityTypeBuilder<LabelRow> builder)
    {
        builder.ToTable("job_labels");
        builder.HasKey(l => new { l.JobId, l.Name });
        builder.HasIndex(l => new { l.Name, l.Value, l.JobId });
    }
}

/// <summary>Why something failed.</summary>
/// <param name="Code">One of <see cref="FailureCode"/>.</param>
/// <param name="Message">Human-readable: what happened, and how to fix it.</param>
/// <param name="Faults">The faults, if the input is invalid.</param>
[method: JsonConstructor]
public sealed record Failure(string Code, string Message, IReadOnlyList<Fault> Faults)
{
    public Failure(string code, string message) : this(code, message, []) { }

    /// <summary>An input that cannot be used.</summary>
    public static Failure Refused(IReadOnlyList<Fault> faults) =>
        new(FailureCode.Refused, faults.Count == 1 ? faults[0].ToString() : $"{faults[0]} (and {faults.Count - 1} more)", faults);
}
