using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Query;

namespace LoraDrop.Storage;

/// <summary>A worker's lease of a stage. Every write names the worker's attempt (the fencing token) and takes effect only while it is the
/// latest.</summary>
/// <remarks>
/// Each write returns whether the lease still held; the first that fails also sets <see cref="Lost"/>. A worker that has lost its lease
/// stops its child process and writes nothing more: another worker has the stage. Writes wait for outages to end, and are safe to repeat,
/// as a change may have been made although its response was lost.
/// </remarks>
public sealed class StageLease : IDisposable
{
    private readonly StageLeases _leases;
    private readonly CancellationTokenSource _lost = new();
    private long _heldAt;

    /// <summary>Counts the attempt's end in the metrics once it is written, so that a repeated change counts once.</summary>
    private Action? _counted;

    internal StageLease(StageLeases leases, Guid job, Stage stage, int attempt)
    {
        (_leases, Job, Stage, Attempt) = (leases, job, stage, attempt);
        _heldAt = leases.Clock.GetTimestamp();
    }

    public Guid Job { get; }

    public Stage Stage { get; }

    public int Attempt { get; }

    /// <summary>The job's place in its trace.</summary>
    public string? TraceParent { get; init; }

    /// <summary>When this stage was queued.</summary>
    public DateTimeOffset? QueuedAt { get; init; }

    /// <summary>How long the lease lasts without renewal.</summary>
    public TimeSpan Length => _leases.Length;

    /// <summary>The clock of the lease.</summary>
    public TimeProvider Clock => _leases.Clock;

    /// <summary>Cancelled when a write finds that the lease is lost.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>Time since the last renewal, by a clock that keeps running while the process is frozen.</summary>
    public TimeSpan Silence => Clock.GetElapsedTime(Interlocked.Read(ref _heldAt));

    /// <summary>Returns the pending user request; null if the lease is lost. Does not renew the lease.</summary>
    public async Task<StageRequest?> PendingRequestAsync(CancellationToken cancel)
    {
        await using var db = await _leases.ContextAsync(cancel);
        var request = await Mine(db).Join(db.Jobs, s => s.JobId, j => j.Id,
            (_, j) => new { Cancel = j.CancelRequestedAt != null, Pause = j.PauseRequestedAt != null }).FirstOrDefaultAsync(cancel);
        if (request is null) await _lost.CancelAsync();
        return request is null ? null : request.Cancel ? StageRequest.Cancel : request.Pause ? StageRequest.Pause : StageRequest.None;
    }

    /// <summary>Checks the lease before an action that no row guards, such as storing an object: a process that was frozen does not know
    /// for how long.</summary>
    public async Task<bool> HoldsAsync(CancellationToken cancel) =>
        !Lost.IsCancellationRequested && (Silence < Length / 3 || await RenewAsync(cancel));

    /// <summary>Renews the lease without another change.</summary>
    public async Task<bool> RenewAsync(CancellationToken cancel)
    {
        return Hold(await _leases.Outages.WaitOutAsync(async () =>
        {
            await using var db = await _leases.ContextAsync(cancel);
            var until = Until();
            return await Mine(db).ExecuteUpdateAsync(set => set.SetProperty(s => s.LeaseUntil, until), cancel) > 0;
        }, cancel));
    }

    /// <summary>Writes the stage's progress and the metrics since the last call, and renews the lease.</summary>
    /// <param name="progress">Sets columns of the stage.</param>
    /// <param name="metrics">New points; those that a resumed run measures again replace the old ones.</param>
    /// <param name="cancel">Cancels the operation.</param>
    public Task<bool> RenewAsync(Action<UpdateSettersBuilder<StageRow>> progress, IReadOnlyList<MetricRow> metrics,
        CancellationToken cancel) =>
        WriteAsync(progress, async db =>
        {
            // A run that was killed between an evaluation and its checkpoint evaluates the same step again; and this change may be a
            // repetition.
            foreach (var curves in metrics.GroupBy(m => m.Name)
                .GroupBy(curve => (First: curve.Min(m => m.Step), Last: curve.Max(m => m.Step)), curve => curve.Key))
            {
                var ((first, last), names) = (curves.Key, curves.ToList());
                await db.Metrics.Where(m => m.JobId == Job && names.Contains(m.Name) && m.Stage == Stage && m.Step >= first
                    && m.Step <= last).ExecuteDeleteAsync(cancel);
            }
            db.Metrics.AddRange(metrics);
            await db.SaveChangesAsync(cancel);
        }, cancel);

    /// <summary>Removes the metrics beyond a step: a run resumes there and measures them again.</summary>
    public Task<bool> RewindAsync(int step, CancellationToken cancel) => WriteAsync(_ => { },
        db => db.Metrics.Where(m => m.JobId == Job && m.Stage == Stage && m.Step > step).ExecuteDeleteAsync(cancel), cancel);

    public Task<bool> AddEventAsync(EventLevel level, string type, string message, string? data, CancellationToken cancel) =>
        WriteAsync(_ => { }, async db =>
    {
        db.Events.Add(Event(level, type, message, data));
        await db.SaveChangesAsync(cancel);
    }, cancel);

    /// <summary>Saves a checkpoint as the one to resume from.</summary>
    /// <returns>The replaced files, to be removed now; null if the lease is lost.</returns>
    public async Task<IReadOnlyList<StoredFile>?> CheckpointAsync(CheckpointRow checkpoint, CancellationToken cancel)
    {
        var replaced = new List<StoredFile>();
        var held = await WriteAsync(set => set.SetProperty(s => s.Format, StageFormat.Settings).SetProperty(s => s.Kills, 0), async db =>
        {
            replaced.Clear();
            var keys = checkpoint.Files.Select(f => f.Key).ToHashSet();
            foreach (var older in await db.Checkpoints.Where(c => c.JobId == Job && c.Stage == Stage).OrderByDescending(c => c.At).Take(3)
                .ToListAsync(cancel))
            {
                replaced.AddRange(older.Files.Where(f => !keys.Contains(f.Key)));
                if (older.Step == checkpoint.Step) db.Remove(older);
                else older.Files = [];
            }
            await db.SaveChangesAsync(cancel); // removes the old row of the same step before the new one is added
            db.Checkpoints.Add(checkpoint);
            await db.SaveChangesAsync(cancel);
        }, cancel);
        return held ? replaced : null;
    }

    /// <summary>Publishes the stage's outputs and advances the job, in one transaction.</summary>
    /// <param name="outcome">The stage's files, importance and result.</param>
    /// <param name="cancel">Cancels the operation.</param>
    /// <returns>The stage to queue next, if any; and whether the lease held.</returns>
    public async Task<(bool Held, StageRow? Next)> SucceedAsync(StageOutcome outcome, CancellationToken cancel)
    {
        StageRow? next = null;
        var held = await EndAsync((_, _) => JobStatus.Succeeded, (db, row, done) =>
        {
            next = null;
            var now = Clock.GetUtcNow();
            (done.ContentKey, done.ReusedFrom) = (outcome.ContentKey ?? done.ContentKey, outcome.ReusedFrom);
            db.Artifacts.AddRange(outcome.Files.Select(f => new ArtifactRow { JobId = Job, Name = f.Name, Key = f.Key, Bytes = f.Bytes,
                Sha256 = f.Sha256, Stage = Stage, CreatedAt = now }));
            if (outcome.Importance is { } report) AddImportance(db, report);
            db.Events.Add(Event(EventLevel.Info, EventType.StageSucceeded, $"{StageNames.ForPeople(Stage)} is done.",
                $$"""{"stage":"{{JsonText.NameOf(Stage)}}"}"""));
            if (outcome.Result is { } result) (row.Result, row.Score) = (result.Json, result.Score);
            if (row.Stages.OrderBy(s => s.Stage).FirstOrDefault(s => s.Status == JobStatus.Waiting) is { } following)
            {
                following.MoveTo(JobStatus.Queued, now);
                next = following;
                return;
            }
            row.MoveTo(JobStatus.Succeeded, now);
            db.Events.Add(Event(EventLevel.Info, EventType.Succeeded, outcome.Result?.Summary ?? "Done."));
        }, cancel);
        return (held, next);
    }

    /// <summary>Fails the job.</summary>
    public Task<bool> FailAsync(Failure failure, CancellationToken cancel) =>
        EndAsync((_, _) => JobStatus.Failed, (db, job, _) => Fail(db, job, failure), cancel);

    /// <summary>Fails the attempt: a fault that is not the user's is retried automatically, up to <see cref="StageLeases.Retries"/> times;
    /// then the job fails.</summary>
    public Task<bool> FailAttemptAsync(Failure failure, CancellationToken cancel) => EndAsync(
        (job, mine) => FailureCode.IsUsers(failure.Code) || mine.Failures >= StageLeases.Retries ? JobStatus.Failed : Released(job),
        (db, job, mine) =>
        {
            if (mine.Status == JobStatus.Failed)
            {
                Fail(db, job, failure);
                return;
            }
            mine.Failures++;
            Retry(mine, failure.Code);
            db.Events.Add(Event(EventLevel.Warning, EventType.AttemptFailed,
                $"{failure.Message} It is tried again from the last checkpoint ({mine.Failures} of {StageLeases.Retries})."));
            GiveBack(db, job, mine);
        }, cancel);

    public Task<bool> CancelledAsync(CancellationToken cancel) => EndAsync((_, _) => JobStatus.Cancelled, GiveBack, cancel);

    /// <summary>Releases the stage because a user requested a pause; if the request has been withdrawn, the stage is queued.</summary>
    public Task<bool> PausedAsync(CancellationToken cancel) => EndAsync((job, _) => Released(job), GiveBack, cancel);

    /// <summary>Releases the unfinished stage, without a failure; another attempt resumes from the last checkpoint.</summary>
    public Task<bool> HandBackAsync(string why, CancellationToken cancel) =>
        EndAsync((job, _) => Released(job), (db, job, mine) => Interrupt(db, job, mine, JobMetrics.WorkerStopped, why), cancel);

    /// <summary>Releases the stage if its lease has expired; false if it has not.</summary>
    public Task<bool> ExpireAsync(string why, CancellationToken cancel) => EndAsync(
        (job, mine) => mine.LeaseUntil < Clock.GetUtcNow() ? Released(job) : null,
        (db, job, mine) => Interrupt(db, job, mine, JobMetrics.WorkerSilent, why), cancel, byOwner: false);

    /// <summary>Releases the stage because its process was killed. The job fails if that keeps happening without a checkpoint in between,
    /// as it would go on forever.</summary>
    public Task<bool> KilledAsync(Failure failure, CancellationToken cancel) => EndAsync(
        (job, mine) => mine.Kills >= StageLeases.MostKills ? JobStatus.Failed : Released(job),
        (db, job, mine) =>
        {
            mine.Kills++;
            if (mine.Status == JobStatus.Failed) Fail(db, job, failure);
            else Interrupt(db, job, mine, failure.Code, failure.Message);
        }, cancel);

    public void Dispose() => _lost.Dispose();

    private IQueryable<StageRow> Mine(JobsContext db) =>
        db.Stages.Where(s => s.JobId == Job && s.Stage == Stage && s.Attempt == Attempt && s.Status == JobStatus.Running);

    private DateTimeOffset Until() => Clock.GetUtcNow() + Length;

    private bool Hold(bool held)
    {
        if (held) Interlocked.Exchange(ref _heldAt, Clock.GetTimestamp());
        else _lost.Cancel();
        return held;
    }

    /// <summary>Changes a running stage; has no effect unless the attempt is the latest.</summary>
    private async Task<bool> WriteAsync(Action<UpdateSettersBuilder<StageRow>> columns, Func<JobsContext, Task> more,
        CancellationToken cancel) =>
        Hold(await _leases.Outages.WaitOutAsync(async () =>
        {
            await using var db = await _leases.ContextAsync(cancel);
            await using var transaction = await db.Database.BeginTransactionAsync(cancel);
            // The job's row comes first here too: the update of its version locks it.
            await db.Jobs.Where(j => j.Id == Job).ExecuteUpdateAsync(set => set.SetProperty(j => j.Version, j => j.Version + 1), cancel);
            var until = Until();
            if (await Mine(db).ExecuteUpdateAsync(set => columns(set.SetProperty(s => s.LeaseUntil, until)), cancel) == 0) return false;
            await more(db);
            await transaction.CommitAsync(cancel);
            return true;
        }, cancel));

    /// <summary>Ends the attempt by a change.</summary>
    /// <param name="target">The stage's new state; null leaves it as it is.</param>
    /// <param name="change">Further changes, made after the stage's state has changed.</param>
    /// <param name="cancel">Cancels the operation.</param>
    /// <param name="byOwner">Whether the worker itself ends it.</param>
    private async Task<bool> EndAsync(Func<JobRow, StageRow, JobStatus?> target, Action<JobsContext, JobRow, StageRow> change,
        CancellationToken cancel, bool byOwner = true) =>
        Hold(await _leases.Outages.WaitOutAsync(async () =>
        {
            await using var db = await _leases.ContextAsync(cancel);
            await using var transaction = await db.BeginChangeAsync(Job, cancel);
            var row = await db.Jobs.Include(j => j.Stages).SingleOrDefaultAsync(j => j.Id == Job, cancel);
            if (row?.Stages.SingleOrDefault(s => s.Stage == Stage) is not { } mine || mine.Attempt != Attempt) return false;
            if (mine.Status != JobStatus.Running)
            {
                if (mine.EndedAttempt == Attempt) Count();
                return mine.EndedAttempt == Attempt; // this change was made before, but its response was lost
            }
            if (target(row, mine) is not { } to) return false;
            mine.MoveTo(to, Clock.GetUtcNow());
            if (byOwner) mine.EndedAttempt = Attempt;
            _counted = () => JobMetrics.Ended(mine);
            change(db, row, mine);
            await db.SaveChangesAsync(cancel);
            await transaction.CommitAsync(cancel);
            Count();
            return true;
        }, cancel));

    /// <summary>The new state of a stage that is released unfinished: users may have requested something meanwhile.</summary>
    private static JobStatus Released(JobRow job) =>
        job.CancelRequestedAt is not null ? JobStatus.Cancelled : job.PauseRequestedAt is not null ? JobStatus.Paused : JobStatus.Queued;

    private void Fail(JobsContext db, JobRow row, Failure failure)
    {
        _counted += () => JobMetrics.Failed(failure.Code);
        row.Failure = failure;
        row.MoveTo(JobStatus.Failed, Clock.GetUtcNow());
        db.Events.Add(Event(EventLevel.Error, EventType.Failed, failure.Message));
    }

    private void Interrupt(JobsContext db, JobRow job, StageRow mine, string reason, string why)
    {
        Retry(mine, reason);
        mine.Interruptions++;
        db.Events.Add(Event(EventLevel.Warning, EventType.Interrupted, why));
        GiveBack(db, job, mine);
    }

    private void Count()
    {
        (var counted, _counted) = (_counted, null);
        counted?.Invoke();
    }

    /// <summary>Counts an attempt that will be followed by another, unless a user requested the release.</summary>
    private void Retry(StageRow mine, string reason)
    {
        if (mine.Status == JobStatus.Queued) _counted += () => JobMetrics.Retried(reason);
    }

    /// <summary>Updates the job's state to its stage's.</summary>
    private void GiveBack(JobsContext db, JobRow job, StageRow mine)
    {
        var now = Clock.GetUtcNow();
        job.MoveTo(mine.Status, now);
        if (mine.Status == JobStatus.Paused)
        {
            job.PauseRequestedAt = null;
            db.Events.Add(Event(EventLevel.Info, EventType.Paused, "Paused. It goes on from the last checkpoint when it is resumed."));
        }
        if (mine.Status == JobStatus.Cancelled)
        {
            foreach (var waiting in job.Stages.Where(s => !JobMoves.IsEnd(s.Status))) waiting.MoveTo(JobStatus.Cancelled, now);
            db.Events.Add(Event(EventLevel.Info, EventType.Cancelled, "Cancelled. A retry goes on from the last checkpoint."));
        }
    }

    private void AddImportance(JobsContext db, ImportanceReport report)
    {
        db.ImportanceSummaries.Add(new() { JobId = Job, Scope = report.Scope, Threshold = report.Threshold, Examples = report.Examples,
            Tokens = report.Tokens, Remarks = [.. report.Remarks] });
        db.Importance.AddRange(report.Sites.Select(s => new ImportanceRow { JobId = Job, Type = s.Type, Layer = s.Layer, G = s.G,
            PerToken = s.PerToken, I = s.I, Place = s.Place, Norms = s.Norms, Energies = s.Energies, Rank = s.Rank }));
    }

    private EventRow Event(EventLevel level, string type, string message, string? data = null) =>
        new() { JobId = Job, At = Clock.GetUtcNow(), Level = level, Type = type, Message = message, Data = data };
}

/// <summary>The pending user request for a running stage.</summary>
public enum StageRequest
{
    None,

    Pause,

    Cancel,
}

/// <summary>The outputs of a stage.</summary>
/// <param name="Files">Published together with the stage's success.</param>
/// <param name="Importance">The result of an importance evaluation.</param>
/// <param name="ContentKey">Of an importance evaluation: the digest of everything its result depends on.</param>
/// <param name="ReusedFrom">The job whose importance was reused.</param>
/// <param name="Result">The result of a task adaptation.</param>
public sealed record StageOutcome(IReadOnlyList<StoredFile> Files, ImportanceReport? Importance = null, string? ContentKey = null,
    Guid? ReusedFrom = null, RunSummary? Result = null);

/// <summary>The result of a run: result.json, its primary score, and a sentence for people.</summary>
public sealed record RunSummary(string Json, double? Score, string Summary);
