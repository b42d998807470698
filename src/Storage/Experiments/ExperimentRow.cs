using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace LoraDrop.Storage;

/// <summary>An experiment: a grid of jobs. What it has come to is in the rows of its jobs.</summary>
public sealed class ExperimentRow
{
    /// <summary>A version 7 GUID, so ids sort by creation time.</summary>
    public Guid Id { get; init; }

    public string? Name { get; init; }

    /// <summary>The submitter; <see cref="Caller.Nobody"/> on a service that serves only its own machine.</summary>
    public string Owner { get; init; } = Caller.Nobody;

    /// <summary>The resolved request as JSON, with the seeds that were added later.</summary>
    public required string Settings { get; set; }

    /// <summary>What of the grid applies to which method.</summary>
    public List<string> Remarks { get; set; } = [];

    /// <summary>The most jobs that run or wait in the queue at a time; null for no limit.</summary>
    public int? Parallel { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When a user paused it: no further job is queued until it is resumed.</summary>
    public DateTimeOffset? PausedAt { get; set; }

    /// <summary>When its last job ended; null while one has not.</summary>
    public DateTimeOffset? FinishedAt { get; set; }

    /// <summary>When a user deleted it.</summary>
    public DateTimeOffset? DeletedAt { get; set; }

    public ExperimentRequest Request => ExperimentRequest.Parse(Settings);
}

internal sealed class ExperimentRowMapping : IEntityTypeConfiguration<ExperimentRow>
{
    public void Configure(EntityTypeBuilder<ExperimentRow> builder)
    {
        builder.ToTable("experiments");
        builder.Property(e => e.Remarks).AsJson();
        builder.Ignore(e => e.Request);
        builder.HasIndex(e => new { e.Owner, e.Id });
        builder.HasIndex(e => e.Id).HasFilter("finished_at IS NULL").HasDatabaseName("ix_experiments_open");
    }
}
