using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Query;

namespace LoraDrop.Storage;

/// <summary>A worker's hold on a stage. Every write names the attempt that the worker was given (the fencing token) and counts only while it is the latest.</summary>
/// <remarks>Each write answers whether the lease still held. A worker that reads false stops its child and writes nothing more: somebody else has the stage.</remarks>
public sealed class StageLease(IDbContextFactory<JobsContext> contexts, TimeProvider clock, Guid job, Stage stage, int attempt)
{
    /// <summary>How long a worker may be silent before its stage is given to another.</summary>
    public static readonly TimeSpan Length = TimeSpan.FromSeconds(60);

    public Guid Job => job;

    public Stage Stage => stage;

    public int Attempt => attempt;

    /// <summary>Takes a queued stage up. Null where it is not queued any more: another worker was faster, or it was cancelled.</summary>
    public static async Task<StageLease?> TakeAsync(IDbContextFactory<JobsContext> contexts, TimeProvider clock, Guid job, Stage stage, string worker, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        var row = await db.Jobs.Include(j => j.Stages).SingleOrDefaultAsync(j => j.Id == job, cancel);
        if (row?.Stages.SingleOrDefault(s => s.Stage == stage) is not { Status: JobStatus.Queued } taken) return null;
        var now = clock.GetUtcNow();
        taken.Attempt++;
        taken.MoveTo(JobStatus.Running, now);
        (taken.LeaseOwner, taken.LeaseUntil) = (worker, now + Length);
        if (row.Status == JobStatus.Queued) row.MoveTo(JobStatus.Running, now);
        try
        {
            await db.SaveChangesAsync(cancel);
            return new(contexts, clock, job, stage, taken.Attempt);
        }
        catch (DbUpdateConcurrencyException)
        {
            return null; // another worker was faster, or a person cancelled
        }
    }

    /// <summary>Whether a person asked the job to stop.</summary>
    public async Task<bool> CancelRequestedAsync(CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        return await db.Jobs.AnyAsync(j => j.Id == job && j.CancelRequestedAt != null, cancel);
    }

    /// <summary>Extends the lease without another change.</summary>
    public Task<bool> RenewAsync(CancellationToken cancel) => RenewAsync(_ => { }, [], cancel);

    /// <summary>Writes how far the stage is and the numbers since last time, and extends the lease.</summary>
    /// <param name="progress">Sets the columns of the stage.</param>
    /// <param name="metrics">New points; those that a resumed run measures again replace the old.</param>
    /// <param name="cancel">Gives up.</param>
    public Task<bool> RenewAsync(Action<UpdateSettersBuilder<StageRow>> progress, IReadOnlyList<MetricRow> metrics, CancellationToken cancel) =>
        WriteAsync(progress, async db =>
        {
            // Killed between an evaluation and its checkpoint, a run evaluates the same step again.
            foreach (var again in metrics.Where(m => m.Name.StartsWith("validation/")))
                await db.Metrics.Where(m => m.JobId == job && m.Name == again.Name && m.Stage == stage && m.Step == again.Step).ExecuteDeleteAsync(cancel);
            db.Metrics.AddRange(metrics);
            await db.SaveChangesAsync(cancel);
        }, cancel);

    /// <summary>Forgets the numbers beyond a step: a run goes on from there and measures them again.</summary>
    public Task<bool> GoOnFromAsync(int step, CancellationToken cancel) => WriteAsync(_ => { },
        db => db.Metrics.Where(m => m.JobId == job && m.Stage == stage && m.Step > step).ExecuteDeleteAsync(cancel), cancel);

    public Task<bool> AddEventAsync(EventLevel level, string type, string message, string? data, CancellationToken cancel) => WriteAsync(_ => { }, async db =>
    {
        db.Events.Add(Event(level, type, message, data));
        await db.SaveChangesAsync(cancel);
    }, cancel);

    /// <summary>Makes a checkpoint the one to go on from.</summary>
    /// <returns>The files that it replaces, to be removed now; null where the lease is lost.</returns>
    public async Task<IReadOnlyList<StoredFile>?> CheckpointAsync(CheckpointRow checkpoint, CancellationToken cancel)
    {
        var replaced = new List<StoredFile>();
        var held = await WriteAsync(_ => { }, async db =>
        {
            var keys = checkpoint.Files.Select(f => f.Key).ToHashSet();
            foreach (var older in await db.Checkpoints.Where(c => c.JobId == job && c.Stage == stage).OrderByDescending(c => c.At).Take(3).ToListAsync(cancel))
            {
                replaced.AddRange(older.Files.Where(f => !keys.Contains(f.Key)));
                if (older.Step == checkpoint.Step) db.Remove(older);
                else older.Files = [];
            }
            await db.SaveChangesAsync(cancel); // the old one of the same step goes before the new one comes
            db.Checkpoints.Add(checkpoint);
            await db.SaveChangesAsync(cancel);
        }, cancel);
        return held ? replaced : null;
    }

    /// <summary>Publishes what the stage leaves and moves the job on, in one change.</summary>
    /// <param name="outcome">Its files, importance and result.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>The stage to queue next, if any; and whether the lease held.</returns>
    public async Task<(bool Held, Stage? Next)> SucceedAsync(StageOutcome outcome, CancellationToken cancel)
    {
        Stage? next = null;
        var held = await EndAsync(JobStatus.Succeeded, (db, row) =>
        {
            var now = clock.GetUtcNow();
            var done = row.Stages.Single(s => s.Stage == stage);
            (done.ContentKey, done.ReusedFrom) = (outcome.ContentKey ?? done.ContentKey, outcome.ReusedFrom);
            db.Artifacts.AddRange(outcome.Files.Select(f => new ArtifactRow { JobId = job, Name = f.Name, Key = f.Key, Bytes = f.Bytes, Sha256 = f.Sha256, Stage = stage, CreatedAt = now }));
            if (outcome.Importance is { } report) AddImportance(db, report);
            db.Events.Add(Event(EventLevel.Info, EventType.StageSucceeded, $"{(stage == Stage.ImportanceEvaluation ? "Importance evaluation" : "Task adaptation")} is done."));
            if (outcome.Result is { } result) (row.Result, row.Score) = (result.Json, result.Score);
            if (row.Stages.OrderBy(s => s.Stage).FirstOrDefault(s => s.Status == JobStatus.Waiting) is { } following)
            {
                following.MoveTo(JobStatus.Queued, now);
                next = following.Stage;
                return;
            }
            row.MoveTo(JobStatus.Succeeded, now);
            db.Events.Add(Event(EventLevel.Info, EventType.Succeeded, outcome.Result?.Summary ?? "Done."));
        }, cancel);
        return (held, next);
    }

    public Task<bool> FailAsync(Failure failure, CancellationToken cancel) => EndAsync(JobStatus.Failed, (db, row) =>
    {
        row.Failure = failure;
        row.MoveTo(JobStatus.Failed, clock.GetUtcNow());
        db.Events.Add(Event(EventLevel.Error, EventType.Failed, failure.Message));
    }, cancel);

    public Task<bool> CancelledAsync(CancellationToken cancel) => EndAsync(JobStatus.Cancelled, (db, row) =>
    {
        foreach (var waiting in row.Stages.Where(s => !JobMoves.IsEnd(s.Status))) waiting.MoveTo(JobStatus.Cancelled, clock.GetUtcNow());
        row.MoveTo(JobStatus.Cancelled, clock.GetUtcNow());
        db.Events.Add(Event(EventLevel.Info, EventType.Cancelled, "Cancelled. A retry goes on from the last checkpoint."));
    }, cancel);

    /// <summary>Gives the stage back, unfinished through nobody's fault; another attempt goes on from the last checkpoint.</summary>
    public Task<bool> HandBackAsync(string why, CancellationToken cancel) => EndAsync(JobStatus.Queued, (db, row) =>
    {
        row.Stages.Single(s => s.Stage == stage).Interruptions++;
        row.MoveTo(JobStatus.Queued, clock.GetUtcNow());
        db.Events.Add(Event(EventLevel.Warning, EventType.Interrupted, why));
    }, cancel);

    /// <summary>A change while the stage runs: it counts if the attempt is still the latest.</summary>
    private async Task<bool> WriteAsync(Action<UpdateSettersBuilder<StageRow>> columns, Func<JobsContext, Task> more, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        await using var transaction = await db.Database.BeginTransactionAsync(cancel);
        var until = clock.GetUtcNow() + Length;
        var held = await db.Stages.Where(s => s.JobId == job && s.Stage == stage && s.Attempt == attempt && s.Status == JobStatus.Running)
            .ExecuteUpdateAsync(set => columns(set.SetProperty(s => s.LeaseUntil, until)), cancel);
        if (held == 0) return false;
        await db.Jobs.Where(j => j.Id == job).ExecuteUpdateAsync(set => set.SetProperty(j => j.Version, j => j.Version + 1), cancel);
        await more(db);
        await transaction.CommitAsync(cancel);
        return true;
    }

    /// <summary>The change that ends the attempt.</summary>
    private async Task<bool> EndAsync(JobStatus to, Action<JobsContext, JobRow> change, CancellationToken cancel)
    {
        while (true)
        {
            await using var db = await contexts.CreateDbContextAsync(cancel);
            var row = await db.Jobs.Include(j => j.Stages).SingleOrDefaultAsync(j => j.Id == job, cancel);
            if (row?.Stages.Single(s => s.Stage == stage) is not { Status: JobStatus.Running } mine || mine.Attempt != attempt) return false;
            mine.MoveTo(to, clock.GetUtcNow());
            change(db, row);
            try
            {
                await db.SaveChangesAsync(cancel);
                return true;
            }
            catch (DbUpdateConcurrencyException)
            {
                // A person asked to cancel in this very moment: look again.
            }
        }
    }

    private void AddImportance(JobsContext db, ImportanceReport report)
    {
        db.ImportanceSummaries.Add(new() { JobId = job, Scope = report.Scope, Threshold = report.Threshold, Examples = report.Examples, Tokens = report.Tokens, Remarks = [.. report.Remarks] });
        db.Importance.AddRange(report.Sites.Select(s => new ImportanceRow { JobId = job, Type = s.Type, Layer = s.Layer, G = s.G, PerToken = s.PerToken, I = s.I, Place = s.Place, Norms = s.Norms }));
    }

    private EventRow Event(EventLevel level, string type, string message, string? data = null) =>
        new() { JobId = job, At = clock.GetUtcNow(), Level = level, Type = type, Message = message, Data = data };
}

/// <summary>What a stage leaves.</summary>
/// <param name="Files">Published together with the stage's success.</param>
/// <param name="Importance">Of an importance evaluation.</param>
/// <param name="ContentKey">Of an importance evaluation: what its result depends on.</param>
/// <param name="ReusedFrom">The job that the importance was taken over from.</param>
/// <param name="Result">Of a task adaptation.</param>
public sealed record StageOutcome(IReadOnlyList<StoredFile> Files, ImportanceReport? Importance = null, string? ContentKey = null, Guid? ReusedFrom = null, RunSummary? Result = null);

/// <summary>What a run ended with: result.json, its primary score, and a sentence for people.</summary>
public sealed record RunSummary(string Json, double? Score, string Summary);
