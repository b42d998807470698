using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Query;

namespace LoraDrop.Storage;

/// <summary>A worker's hold on a stage. Every write names the attempt that the worker was given (the fencing token) and counts only while
/// it is the latest.</summary>
/// <remarks>
/// Each write answers whether the lease still held; the first that did not also sets <see cref="Lost"/>. A worker whose lease is lost
/// stops its child and writes nothing more: somebody else has the stage. Writes wait outages out, and each may be made twice, as
/// nobody knows whether a change was made whose answer never came.
/// </remarks>
public sealed class StageLease : IDisposable
{
    private readonly StageLeases _leases;
    private readonly CancellationTokenSource _lost = new();
    private long _heldAt;

    /// <summary>Counts what the attempt's end is, once it is written: a change that was lost and made again counts once.</summary>
    private Action? _counted;

    internal StageLease(StageLeases leases, Guid job, Stage stage, int attempt)
    {
        (_leases, Job, Stage, Attempt) = (leases, job, stage, attempt);
        _heldAt = leases.Clock.GetTimestamp();
    }

    public Guid Job { get; }

    public Stage Stage { get; }

    public int Attempt { get; }

    /// <summary>Where the job belongs in its trace.</summary>
    public string? TraceParent { get; init; }

    /// <summary>When the stage was queued that is taken up here.</summary>
    public DateTimeOffset? QueuedAt { get; init; }

    /// <summary>How long the worker may be silent.</summary>
    public TimeSpan Length => _leases.Length;

    /// <summary>The clock that the lease goes by.</summary>
    public TimeProvider Clock => _leases.Clock;

    /// <summary>Set when a write found that the lease is lost.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>How long ago it was last extended, by a clock that goes on while the process is frozen.</summary>
    public TimeSpan Silence => Clock.GetElapsedTime(Interlocked.Read(ref _heldAt));

    /// <summary>What people wish of the job; null where the lease is lost. Extends nothing.</summary>
    public async Task<StageWish?> WishAsync(CancellationToken cancel)
    {
        await using var db = await _leases.ContextAsync(cancel);
        var wish = await Mine(db).Join(db.Jobs, s => s.JobId, j => j.Id,
            (_, j) => new { Cancel = j.CancelRequestedAt != null, Pause = j.PauseRequestedAt != null }).FirstOrDefaultAsync(cancel);
        if (wish is null) await _lost.CancelAsync();
        return wish is null ? null : wish.Cancel ? StageWish.Cancel : wish.Pause ? StageWish.Pause : StageWish.GoOn;
    }

    /// <summary>Makes sure that the lease holds before something is done that no row guards, such as storing an object: a process that was
    /// frozen does not know how long.</summary>
    public async Task<bool> HoldsAsync(CancellationToken cancel) =>
        !Lost.IsCancellationRequested && (Silence < Length / 3 || await RenewAsync(cancel));

    /// <summary>Extends the lease without another change.</summary>
    public async Task<bool> RenewAsync(CancellationToken cancel)
    {
        return Hold(await _leases.Outages.WaitOutAsync(async () =>
        {
            await using var db = await _leases.ContextAsync(cancel);
            var until = Until();
            return await Mine(db).ExecuteUpdateAsync(set => set.SetProperty(s => s.LeaseUntil, until), cancel) > 0;
        }, cancel));
    }

    /// <summary>Writes how far the stage is and the numbers since last time, and extends the lease.</summary>
    /// <param name="progress">Sets the columns of the stage.</param>
    /// <param name="metrics">New points; those that a resumed run measures again replace the old.</param>
    /// <param name="cancel">Gives up.</param>
    public Task<bool> RenewAsync(Action<UpdateSettersBuilder<StageRow>> progress, IReadOnlyList<MetricRow> metrics,
        CancellationToken cancel) =>
        WriteAsync(progress, async db =>
        {
            // Killed between an evaluation and its checkpoint a run evaluates the same step again; and this very change may have been made
            // before.
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

    /// <summary>Forgets the numbers beyond a step: a run goes on from there and measures them again.</summary>
    public Task<bool> GoOnFromAsync(int step, CancellationToken cancel) => WriteAsync(_ => { },
        db => db.Metrics.Where(m => m.JobId == Job && m.Stage == Stage && m.Step > step).ExecuteDeleteAsync(cancel), cancel);

    public Task<bool> AddEventAsync(EventLevel level, string type, string message, string? data, CancellationToken cancel) =>
        WriteAsync(_ => { }, async db =>
    {
        db.Events.Add(Event(level, type, message, data));
        await db.SaveChangesAsync(cancel);
    }, cancel);

    /// <summary>Makes a checkpoint the one to go on from.</summary>
    /// <returns>The files that it replaces, to be removed now; null where the lease is lost.</returns>
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

    /// <summary>Ends the job.</summary>
    public Task<bool> FailAsync(Failure failure, CancellationToken cancel) =>
        EndAsync((_, _) => JobStatus.Failed, (db, job, _) => Fail(db, job, failure), cancel);

    /// <summary>Ends the attempt: a fault that is not the user's is tried again by itself <see cref="StageLeases.Retries"/> times, then the
    /// job fails.</summary>
    public Task<bool> FailAttemptAsync(Failure failure, CancellationToken cancel) => EndAsync(
        (job, mine) => FailureCode.IsUsers(failure.Code) || mine.Failures >= StageLeases.Retries ? JobStatus.Failed : Wished(job),
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

    /// <summary>Gives the stage back because a person asked the job to wait; where the wish was taken back meanwhile, it is
    /// queued.</summary>
    public Task<bool> PausedAsync(CancellationToken cancel) => EndAsync((job, _) => Wished(job), GiveBack, cancel);

    /// <summary>Gives the stage back, unfinished through nobody's fault; another attempt goes on from the last checkpoint.</summary>
    public Task<bool> HandBackAsync(string why, CancellationToken cancel) =>
        EndAsync((job, _) => Wished(job), (db, job, mine) => Interrupt(db, job, mine, JobMetrics.WorkerStopped, why), cancel);

    /// <summary>Gives the stage back where its worker has been silent for too long; false where it has not.</summary>
    public Task<bool> ExpireAsync(string why, CancellationToken cancel) => EndAsync(
        (job, mine) => mine.LeaseUntil < Clock.GetUtcNow() ? Wished(job) : null,
        (db, job, mine) => Interrupt(db, job, mine, JobMetrics.WorkerSilent, why), cancel, byOwner: false);

    /// <summary>Gives the stage back because somebody killed its process. Where that goes on without a checkpoint between, the job fails:
    /// it would go on for ever.</summary>
    public Task<bool> KilledAsync(Failure failure, CancellationToken cancel) => EndAsync(
        (job, mine) => mine.Kills >= StageLeases.MostKills ? JobStatus.Failed : Wished(job),
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

    /// <summary>A change while the stage runs: it counts if the attempt is still the latest.</summary>
    private async Task<bool> WriteAsync(Action<UpdateSettersBuilder<StageRow>> columns, Func<JobsContext, Task> more,
        CancellationToken cancel) =>
        Hold(await _leases.Outages.WaitOutAsync(async () =>
        {
            await using var db = await _leases.ContextAsync(cancel);
            await using var transaction = await db.Database.BeginTransactionAsync(cancel);
            // The job's row comes first here too: the change of its version takes it.
            await db.Jobs.Where(j => j.Id == Job).ExecuteUpdateAsync(set => set.SetProperty(j => j.Version, j => j.Version + 1), cancel);
            var until = Until();
            if (await Mine(db).ExecuteUpdateAsync(set => columns(set.SetProperty(s => s.LeaseUntil, until)), cancel) == 0) return false;
            await more(db);
            await transaction.CommitAsync(cancel);
            return true;
        }, cancel));

    /// <summary>The change that ends the attempt.</summary>
    /// <param name="target">Where the stage goes; null: it stays as it is.</param>
    /// <param name="change">What else changes; the stage has moved then.</param>
    /// <param name="cancel">Gives up.</param>
    /// <param name="byOwner">Whether it is the worker itself that says so.</param>
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
                return mine.EndedAttempt == Attempt; // this change was made, and its answer lost
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

    /// <summary>Where a stage goes that is given back unfinished: people may have wished something of it meanwhile.</summary>
    private static JobStatus Wished(JobRow job) =>
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

    /// <summary>Counts an attempt that another follows; a person's wish is none.</summary>
    private void Retry(StageRow mine, string reason)
    {
        if (mine.Status == JobStatus.Queued) _counted += () => JobMetrics.Retried(reason);
    }

    /// <summary>The job goes where its stage went.</summary>
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
            PerToken = s.PerToken, I = s.I, Place = s.Place, Norms = s.Norms }));
    }

    private EventRow Event(EventLevel level, string type, string message, string? data = null) =>
        new() { JobId = Job, At = Clock.GetUtcNow(), Level = level, Type = type, Message = message, Data = data };
}

/// <summary>What people wish of a running stage.</summary>
public enum StageWish
{
    GoOn,

    Pause,

    Cancel,
}

/// <summary>What a stage leaves.</summary>
/// <param name="Files">Published together with the stage's success.</param>
/// <param name="Importance">Of an importance evaluation.</param>
/// <param name="ContentKey">Of an importance evaluation: what its result depends on.</param>
/// <param name="ReusedFrom">The job that the importance was taken over from.</param>
/// <param name="Result">Of a task adaptation.</param>
public sealed record StageOutcome(IReadOnlyList<StoredFile> Files, ImportanceReport? Importance = null, string? ContentKey = null,
    Guid? ReusedFrom = null, RunSummary? Result = null);

/// <summary>What a run ended with: result.json, its primary score, and a sentence for people.</summary>
public sealed record RunSummary(string Json, double? Score, string Summary);
