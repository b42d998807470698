using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace LoraDrop.Storage;

/// <summary>A stage of a job: one piece of queued work, who does it, and how far it is.</summary>
public sealed class StageRow
{
    public Guid JobId { get; init; }

    public Stage Stage { get; init; }

    public JobStatus Status { get; set; }

    /// <summary>How often it was taken up. It is the fencing token: whoever writes must name the attempt that it was given, and only the
    /// latest is listened to.</summary>
    public int Attempt { get; set; }

    /// <summary>Attempts that ended without anybody's fault: the worker stopped or vanished.</summary>
    public int Interruptions { get; set; }

    /// <summary>Attempts that failed through no fault of the user; after so many the job fails.</summary>
    public int Failures { get; set; }

    /// <summary>Attempts in a row whose process somebody killed before it had stored a checkpoint.</summary>
    public int Kills { get; set; }

    /// <summary>What it is taken by: before others with a greater number (<see cref="JobPriority"/>).</summary>
    public JobPriority Priority { get; init; }

    /// <summary>The labels that a worker must have to take it (<see cref="WorkerDemand.Selector"/>); null where any will do.</summary>
    public string? Selector { get; init; }

    /// <summary>Bytes of memory that a worker must have because the job asks for it; 0 where it does not.</summary>
    public long Memory { get; init; }

    /// <summary>Bytes of memory that the stage takes on a CPU (<see cref="MemoryEstimate"/>); 0 while not known. On a GPU it takes less,
    /// and what was asked for counts alone.</summary>
    public long EstimatedMemory { get; set; }

    /// <summary>The version in which settings and checkpoint are written. A worker takes only what it understands.</summary>
    public int Format { get; set; } = StageFormat.Settings;

    /// <summary>The worker that has it.</summary>
    public string? LeaseOwner { get; set; }

    /// <summary>Until when the worker may be silent.</summary>
    public DateTimeOffset? LeaseUntil { get; set; }

    /// <summary>Since when the worker has it.</summary>
    public DateTimeOffset? LeasedAt { get; set; }

    /// <summary>The last attempt that ended by its own word: a worker that says so again is told that it is done.</summary>
    public int EndedAttempt { get; set; }

    /// <summary>What the worker that took it up last computes on; null while nobody has.</summary>
    public string? Device { get; set; }

    /// <summary>Tokens in one pass over what it trains on, padding left out; 0 before the run knows.</summary>
    public long PassTokens { get; set; }

    public DateTimeOffset? QueuedAt { get; set; }

    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset? FinishedAt { get; set; }

    /// <summary>Optimiser steps done, of how many; 0 of 0 before the run knows.</summary>
    public int Step { get; set; }

    public int Steps { get; set; }

    public double? Epoch { get; set; }

    public double? Loss { get; set; }

    public double? LearningRate { get; set; }

    public double? TokensPerSecond { get; set; }

    public double? SecondsLeft { get; set; }

    /// <summary>The metric that picks the best evaluation, its latest value and its best.</summary>
    public string? Metric { get; set; }

    public double? Score { get; set; }

    public double? BestScore { get; set; }

    public int? BestStep { get; set; }

    /// <summary>What this stage trains, by the paper's count and by the optimiser's.</summary>
    public ParameterCounts? Parameters { get; set; }

    /// <summary>Of an importance evaluation: the sha256 of all that its result depends on.</summary>
    public string? ContentKey { get; set; }

    /// <summary>The job whose importance was taken over instead of computing it again.</summary>
    public Guid? ReusedFrom { get; set; }

    /// <summary>Moves along the one table.</summary>
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
