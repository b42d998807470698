using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace LoraDrop.Storage;

/// <summary>An evaluation of a job's adapter on a split of a dataset.</summary>
public sealed class EvaluationRow : IDemandingRow
{
    /// <summary>A version 7 GUID, so ids sort by creation time.</summary>
    public Guid Id { get; init; }

    public Guid JobId { get; init; }

    public Guid DatasetId { get; init; }

    /// <summary>The dataset's name when it was submitted.</summary>
    public required string Dataset { get; init; }

    public required string Split { get; init; }

    /// <summary>Whether it also scores the model with the adapter switched off.</summary>
    public bool Base { get; init; }

    /// <summary>Queued, running, succeeded or failed.</summary>
    public JobStatus Status { get; init; } = JobStatus.Queued;

    public string? Selector { get; init; }

    public long Memory { get; init; }

    /// <summary>The fencing token: how often a worker took it.</summary>
    public int Attempt { get; init; }

    /// <summary>Attempts that failed through no fault of the user.</summary>
    public int Failures { get; init; }

    public string? LeaseOwner { get; init; }

    public DateTimeOffset? LeaseUntil { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>The scores; null until it has succeeded.</summary>
    public EvaluationResult? Result { get; init; }

    public Failure? Failure { get; init; }

    /// <summary>The predictions.</summary>
    public List<StoredFile> Files { get; init; } = [];

    /// <summary>The W3C traceparent of the request.</summary>
    public string? TraceParent { get; init; }
}

internal sealed class EvaluationRowMapping : IEntityTypeConfiguration<EvaluationRow>
{
    public void Configure(EntityTypeBuilder<EvaluationRow> builder)
    {
        builder.ToTable("evaluations");
        builder.HasIndex(e => new { e.JobId, e.Id });
        builder.HasIndex(e => e.Id).HasFilter("status IN ('queued', 'running')").HasDatabaseName("ix_evaluations_unfinished");
        builder.Property(e => e.Result).AsJson();
        builder.Property(e => e.Failure).AsJson();
        builder.Property(e => e.Files).AsJson();
        builder.HasOne<JobRow>().WithMany().HasForeignKey(e => e.JobId);
    }
}
