using System.Text.Json;
using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage;

/// <summary>A prediction as its request sees it.</summary>
/// <param name="Status">Queued, running, succeeded or failed.</param>
/// <param name="Worker">The worker that took it; null if none has.</param>
/// <param name="Pieces">Number of pieces so far.</param>
/// <param name="Result">The answers as JSON, once it has succeeded.</param>
/// <param name="Failure">Why there is no answer.</param>
/// <param name="IsLost">Whether its worker is gone, and no other takes it.</param>
public sealed record PredictionState(JobStatus Status, string? Worker, int Pieces, string? Result, Failure? Failure, bool IsLost);

/// <summary>Hands predictions to workers by rows, and the answers back: Api and workers share only the database.</summary>
/// <remarks>A row lives while its request waits. Removing it makes the worker stop. Those of an Api that died are not taken any more when
/// their time is over, and are removed by the next sweep.</remarks>
public sealed class Predictions(IDbContextFactory<JobsContext> contexts, WorkQueue queue, PredictionOptions options, TimeProvider clock)
{
    /// <summary>Seconds to wait before trying again: predictions take seconds.</summary>
    private const int RetryAfter = 2;

    /// <summary>Queues a prediction of a job, unless too many of the owner's wait already.</summary>
    public async Task<Answer<PredictionRow>> AddAsync(JobRow job, string owner, PredictRequest request, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var demand = job.Request.Worker;
        var row = new PredictionRow
        {
            Id = Guid.CreateVersion7(now), JobId = job.Id, Owner = owner, Request = JsonSerializer.Serialize(request, JsonText.Compact),
            Selector = demand.Selector, Memory = demand.MemoryBytes, CreatedAt = now, WaitsUntil = now + options.Time,
            TraceParent = Tracing.Here,
        };
        await using var db = await contexts.CreateDbContextAsync(cancel);
        await using var transaction = await db.Database.BeginTransactionAsync(cancel);
        await db.LockOwnerAsync(owner, cancel);
        if (await db.Predictions.CountAsync(p => p.Owner == owner && p.WaitsUntil > now, cancel) is var waiting
            && waiting >= options.MostPerOwner)
            return new Refusal.TooMany("too_many_predictions",
                $"{waiting} predictions of {(owner.Length > 0 ? owner : "this service")} are unanswered, and "
                + $"{options.MostPerOwner} may be.", RetryAfter);
        db.Add(row);
        await db.SaveChangesAsync(cancel);
        await transaction.CommitAsync(cancel);
        queue.EnqueuePrediction(row.Id);
        return row;
    }

    /// <summary>How far it is; null if it is gone.</summary>
    public async Task<PredictionState?> StateAsync(Guid id, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        var now = clock.GetUtcNow();
        return await db.Predictions.AsNoTracking().Where(p => p.Id == id).Select(p => new PredictionState(p.Status, p.LeaseOwner, p.Pieces,
            p.Result, p.Failure, p.Status == JobStatus.Running && p.LeaseUntil < now
                && (p.Attempt >= PredictionLeases.MostAttempts || p.Pieces > 0))).SingleOrDefaultAsync(cancel);
    }

    /// <summary>The pieces after a number, up to another.</summary>
    public async Task<IReadOnlyList<PredictedPiece>> PiecesAsync(Guid id, int after, int upTo, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        var rows = await db.PredictionPieces.AsNoTracking().Where(p => p.PredictionId == id && p.Number > after && p.Number <= upTo)
            .OrderBy(p => p.Number).Select(p => p.Pieces).ToListAsync(cancel);
        return [.. rows.SelectMany(row => JsonSerializer.Deserialize<PredictedPiece[]>(row, JsonText.Compact)!)];
    }

    /// <summary>Removes one that is answered, or for which nobody waits any more.</summary>
    public async Task RemoveAsync(Guid id)
    {
        await using var db = await contexts.CreateDbContextAsync(CancellationToken.None);
        await db.Predictions.Where(p => p.Id == id).ExecuteDeleteAsync(CancellationToken.None);
    }

    /// <summary>Removes those whose Api died while they waited.</summary>
    public async Task PurgeAsync(CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancel);
        await db.Predictions.Where(p => p.WaitsUntil < now).ExecuteDeleteAsync(cancel);
    }
}
