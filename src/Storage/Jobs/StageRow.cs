using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace LoraDrop.Storage;

/// <summary>A stage of a job: one unit of queued work, its worker and its progress.</summary>
public sealed class StageRow : IDemandingRow
{
    public Guid JobId { get; init; }

    public Stage Stage { get; init; }

    public JobStatus Status { get; set; }

    /// <summary>The number of attempts. It is the fencing token: every write names its attempt, and only the latest takes effect.</summary>
    public int Attempt { get; set; }

    /// <summary>Attempts that ended without a failure: the worker stopped or vanished.</summary>
    public int Interruptions { get; set; }

    /// <summary>Attempts that failed through no fault of the user; the job fails after too many.</summary>
    public int Failures { get; set; }

    /// <summary>Attempts in a row whose process was killed before it had stored a checkpoint.</summary>
    public int Kills { get; set; }

    /// <summary>The priority; smaller values come first (<see cref="JobPriority"/>).</summary>
    public JobPriority Priority { get; init; }

    /// <summary>The labels that a worker must have (<see cref="WorkerDemand.Selector"/>); null if any worker will do.</summary>
    public string? Selector { get; init; }

    /// <summary>Bytes of memory that the job demands of a worker; 0 if none.</summary>
    public long Memory { get; init; }

    /// <summary>Estimated bytes of memory on a CPU (<see cref="MemoryEstimate"/>); 0 while unknown. A GPU needs less, so there only the
    /// job's demand counts.</summary>
    public long EstimatedMemory { get; set; }

    /// <summary>The version of settings and checkpoint. A worker takes only versions it can read.</summary>
    public int Format { get; set; } = StageFormat.Settings;

    /// <summary>The worker that has it.</summary>
    public string? LeaseOwner { get; set; }

    /// <summary>The end of the worker's lease.</summary>
    public DateTimeOffset? LeaseUntil { get; set; }

    /// <summary>The start of the worker's lease.</summary>
    public DateTimeOffset? LeasedAt { get; set; }

    /// <summary>The last attempt that its worker ended: if the worker repeats that change, the repetition succeeds without
    /// effect.</summary>
    public int EndedAttempt { get; set; }

    /// <summary>The device of the last worker; null before the first.</summary>
    public string? Device { get; set; }

    /// <summary>Tokens in one pass over the training data, without padding; 0 until the run reports them.</summary>
    public long PassTokens { get; set; }

    public DateTimeOffset? QueuedAt { get; set; }

    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset? FinishedAt { get; set; }

    /// <summary>Optimiser steps done, and in total; both 0 until the run reports them.</summary>
    public int Step { get; set; }

    public int Steps { get; set; }

    public double? Epoch { get; set; }

    public double? Loss { get; set; }

    public double? LearningRate { get; set; }

    public double? TokensPerSecond { get; set; }

    public double? SecondsLeft { get; set; }

    /// <summary>The metric that selects the best evaluation, its latest value and its best.</summary>
    public string? Metric { get; set; }

    public double? Score { get; set; }

    public double? BestScore { get; set; }

    public int? BestStep { get; set; }

    /// <summary>The number of trainable parameters, as the paper counts them and as the optimiser does.</summary>
    public ParameterCounts? Parameters { get; set; }

    /// <summary>Of an importance evaluation: the sha256 of everything its result depends on.</summary>
    public string? ContentKey { get; set; }

    /// <summary>The job whose importance was reused instead of computed again.</summary>
    public Guid? ReusedFrom { get; set; }

    /// <summary>Changes the state by the transition table.</summary>
    public void MoveTo(JobStatus to, DateTimeOffset now)
    {
        if (!JobMoves.Allows(Status, to)) throw new InvalidOperationException($"{Stage} of job {JobId} cannot go from {Status} to {to}");
        Status = to;
        if (to == JobStatus.Queued) QueuedAt = now;
        if (to == JobStatus.Running) StartedAt ??= now;
        if (to != JobStatus.Running) (LeaseOwner, LeaseUntil, LeasedAt, SecondsLeft, TokensPerSecond) = (null, null, null, null, null);
        FinishedAt = JobMoves.IsEnd(to) ? now : null;
    }
}

internal sealed class StageRowMapping : IEntityTypeConfiguration<StageRow>
{
    public void Configure(EntityTypeBuilder<StageRow> builder)
    {
        builder.ToTable("stages");
        builder.HasKey(s => new { s.JobId, s.Stage });
        builder.Property(s => s.Parameters).AsJson();
        builder.HasIndex(s => new { s.Priority, s.Stage, s.QueuedAt, s.JobId }).IsDescending(false, true, false, false)
            .HasFilter("status = 'queued'").HasDatabaseName("ix_stages_queue");
        builder.HasIndex(s => s.LeaseUntil).HasFilter("status = 'running'").HasDatabaseName("ix_stages_running");
        builder.HasIndex(s => s.ContentKey);
    }
}
