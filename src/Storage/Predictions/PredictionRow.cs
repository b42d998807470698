using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace LoraDrop.Storage;

/// <summary>A prediction, while the request that asks for it waits. The Api writes it, a worker answers in it, the Api
/// removes it.</summary>
public sealed class PredictionRow : IDemandingRow
{
    public Guid Id { get; init; }

    public Guid JobId { get; init; }

    /// <summary>The caller's owner, whose unanswered predictions are limited.</summary>
    public required string Owner { get; init; }

    /// <summary>The <see cref="PredictRequest"/> as JSON.</summary>
    public required string Request { get; init; }

    /// <summary>Queued, running, succeeded or failed.</summary>
    public JobStatus Status { get; init; } = JobStatus.Queued;

    public string? Selector { get; init; }

    public long Memory { get; init; }

    /// <summary>The fencing token: how often a worker took it.</summary>
    public int Attempt { get; init; }

    /// <summary>The worker that took it last.</summary>
    public string? LeaseOwner { get; init; }

    public DateTimeOffset? LeaseUntil { get; init; }

    /// <summary>Number of its <see cref="PredictionPieceRow"/>s.</summary>
    public int Pieces { get; init; }

    /// <summary>The <see cref="PredictedItem"/>s as JSON; null until it has succeeded.</summary>
    public string? Result { get; init; }

    /// <summary>Why there is no answer.</summary>
    public Failure? Failure { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When nobody waits for it any more.</summary>
    public DateTimeOffset WaitsUntil { get; init; }

    /// <summary>The W3C traceparent of the request.</summary>
    public string? TraceParent { get; init; }
}

internal sealed class PredictionRowMapping : IEntityTypeConfiguration<PredictionRow>
{
    public void Configure(EntityTypeBuilder<PredictionRow> builder)
    {
        builder.ToTable("predictions");
        builder.HasIndex(p => p.Owner);
        builder.Property(p => p.Failure).AsJson();
    }
}

/// <summary>Pieces of a prediction that were written together, while it runs: <see cref="PredictedPiece"/>s as JSON.</summary>
public sealed class PredictionPieceRow
{
    public Guid PredictionId { get; init; }

    /// <summary>From 1, without a gap.</summary>
    public int Number { get; init; }

    public required string Pieces { get; init; }
}

internal sealed class PredictionPieceRowMapping : IEntityTypeConfiguration<PredictionPieceRow>
{
    public void Configure(EntityTypeBuilder<PredictionPieceRow> builder)
    {
        builder.ToTable("prediction_pieces");
        builder.HasKey(p => new { p.PredictionId, p.Number });
        builder.HasOne<PredictionRow>().WithMany().HasForeignKey(p => p.PredictionId);
    }
}
