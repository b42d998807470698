using System.Text.Json;
using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage;

/// <summary>Leases predictions to workers, each to one at a time.</summary>
public sealed class PredictionLeases(IDbContextFactory<JobsContext> contexts, TimeProvider clock)
{
    /// <summary>How often a prediction is taken before it fails: its worker may have died because of it.</summary>
    internal const int MostAttempts = 2;

    /// <summary>How long a worker may be silent; people wait.</summary>
    internal static readonly TimeSpan Length = TimeSpan.FromSeconds(10);

    /// <summary>How often a lease is renewed, and a worker sees that nobody waits any more.</summary>
    public static readonly TimeSpan Renewal = TimeSpan.FromSeconds(1);

    /// <summary>Leases the first one that the worker can answer; null if there is none.</summary>
    public async Task<PredictionLease?> TakeNextAsync(WorkerAbility worker, CancellationToken cancel)
    {
        while (true)
        {
            await using var db = await contexts.CreateDbContextAsync(cancel);
            var now = clock.GetUtcNow();
            if (await Free(db, worker, now).OrderBy(p => p.Id).FirstOrDefaultAsync(cancel) is not { } row) return null;
            var attempt = row.Attempt + 1;
            if (await db.Predictions.Where(p => p.Id == row.Id && p.Attempt == row.Attempt).ExecuteUpdateAsync(set => set
                .SetProperty(p => p.Status, JobStatus.Running).SetProperty(p => p.Attempt, attempt)
                .SetProperty(p => p.LeaseOwner, worker.Id).SetProperty(p => p.LeaseUntil, now + Length), cancel) > 0)
                return new(contexts, clock, row, attempt);
        }
    }

    /// <summary>Whether one is queued that the worker can answer.</summary>
    public async Task<bool> AnyAsync(WorkerAbility worker, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        return await Free(db, worker, clock.GetUtcNow()).AnyAsync(cancel);
    }

    /// <summary>One whose worker died is taken again, unless its request has already sent a part of the answer.</summary>
    private static IQueryable<PredictionRow> Free(JobsContext db, WorkerAbility worker, DateTimeOffset now) =>
        db.Predictions.AsNoTracking().Where(p => p.WaitsUntil > now && (p.Status == JobStatus.Queued
            || (p.Status == JobStatus.Running && p.LeaseUntil < now && p.Attempt < MostAttempts && p.Pieces == 0))).Fit(worker);
}

/// <summary>A worker's lease of a prediction; the attempt is the fencing token.</summary>
/// <param name="contexts">The rows.</param>
/// <param name="clock">The time of the rows.</param>
/// <param name="row">The row as it was before it was leased.</param>
/// <param name="attempt">The attempt.</param>
public sealed class PredictionLease(IDbContextFactory<JobsContext> contexts, TimeProvider clock, PredictionRow row, int attempt)
{
    public PredictionRow Row => row;

    public int Attempt => attempt;

    /// <summary>The time left until nobody waits any more.</summary>
    public TimeSpan Left => row.WaitsUntil - clock.GetUtcNow();

    /// <returns>Whether somebody still waits, and the lease is held.</returns>
    public async Task<bool> RenewAsync(CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        var until = clock.GetUtcNow() + PredictionLeases.Length;
        return await Mine(db).ExecuteUpdateAsync(set => set.SetProperty(p => p.LeaseUntil, until), cancel) > 0;
    }

    /// <summary>Hands pieces to the request, and renews the lease.</summary>
    /// <param name="number">Their number, from 1.</param>
    /// <param name="pieces">The pieces.</param>
    /// <param name="cancel">Cancels it.</param>
    /// <returns>Whether somebody still waits, and the lease is held.</returns>
    public async Task<bool> SayAsync(int number, IReadOnlyList<PredictedPiece> pieces, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        await using var transaction = await db.Database.BeginTransactionAsync(cancel);
        var until = clock.GetUtcNow() + PredictionLeases.Length;
        if (await Mine(db).ExecuteUpdateAsync(set => set.SetProperty(p => p.LeaseUntil, until).SetProperty(p => p.Pieces, number),
            cancel) == 0)
            return false;
        db.Add(new PredictionPieceRow { PredictionId = row.Id, Number = number, Pieces = JsonSerializer.Serialize(pieces,
            JsonText.Compact) });
        await db.SaveChangesAsync(cancel);
        await transaction.CommitAsync(cancel);
        return true;
    }

    public Task SucceedAsync(string result, CancellationToken cancel) => EndAsync(JobStatus.Succeeded, result, null, cancel);

    public Task FailAsync(Failure failure, CancellationToken cancel) => EndAsync(JobStatus.Failed, null, failure, cancel);

    /// <summary>Lets another worker take it at once, unless a part of the answer has been sent.</summary>
    public async Task HandBackAsync(CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        await Mine(db).Where(p => p.Pieces == 0).ExecuteUpdateAsync(set => set.SetProperty(p => p.Status, JobStatus.Queued)
            .SetProperty(p => p.LeaseUntil, (DateTimeOffset?)null), cancel);
    }

    private async Task EndAsync(JobStatus status, string? result, Failure? failure, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        await Mine(db).ExecuteUpdateAsync(set => set.SetProperty(p => p.Status, status).SetProperty(p => p.Result, result)
            .SetProperty(p => p.Failure, failure), cancel);
    }

    private IQueryable<PredictionRow> Mine(JobsContext db) =>
        db.Predictions.Where(p => p.Id == row.Id && p.Attempt == attempt && p.Status == JobStatus.Running);
}
