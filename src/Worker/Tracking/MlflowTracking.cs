using System.Collections.Concurrent;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Worker;

/// <summary>Sends jobs to MLflow, where each job is one run, whatever its attempts and workers.</summary>
/// <remarks>
/// <para>Data is read from the database, where the worker writes it anyway. So nothing is buffered, nothing is lost when MLflow or this
/// process fails, and no job waits: once MLflow responds again, sending continues from the last step that MLflow has.</para>
/// <para>Each worker follows the jobs it runs; the worker running longest handles jobs that ended while MLflow was unreachable.</para>
/// </remarks>
internal sealed class MlflowTracking(IDbContextFactory<JobsContext> contexts, IServiceScopeFactory scopes, TrackingOptions options,
    WorkerIdentity worker, TimeProvider clock, ILogger<MlflowTracking> log) : BackgroundService
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(2), BetweenSweeps = TimeSpan.FromMinutes(1),
        LongestWait = TimeSpan.FromMinutes(1), StopLimit = TimeSpan.FromSeconds(2);

    /// <summary>Maximum number of ended jobs per sweep.</summary>
    private const int MostSwept = 50;

    private readonly MlflowClient _mlflow = new(options);
    private readonly ConcurrentDictionary<Guid, Followed> _followed = new();
    private string? _experiment;
    private DateTimeOffset _sweepAt;
    private bool _outage;

    /// <summary>Follows a job of which this worker runs a stage.</summary>
    /// <remarks>Also if it is followed already: it may be a retry of a job whose end is being sent, after which what is followed now is
    /// forgotten.</remarks>
    public void Follow(Guid job) => _followed[job] = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var wait = Between;
        _sweepAt = clock.GetUtcNow() + BetweenSweeps;
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(wait, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            wait = await PassAsync(stoppingToken) ? Between : wait * 2 < LongestWait ? wait * 2 : LongestWait;
        }
    }

    /// <summary>Sends the last updates after the stages have been handed back, within a short time limit.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StopLimit);
        await PassAsync(limit.Token);
    }

    public override void Dispose()
    {
        _mlflow.Dispose();
        base.Dispose();
    }

    /// <summary>Sends updates; false if MLflow or the database does not respond.</summary>
    private async Task<bool> PassAsync(CancellationToken cancel)
    {
        try
        {
            if (clock.GetUtcNow() >= _sweepAt) await SweepAsync(cancel);
            foreach (var (job, followed) in _followed)
                if (await SyncAsync(job, followed, cancel)) _followed.TryRemove(new(job, followed));
            if (_outage) log.MlflowReachable();
            _outage = false;
            return true;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return true; // the job's next worker or a sweep continues
        }
        catch (Exception failed) when (failed is HttpRequestException or OperationCanceledException || Outages.Of(failed) is not null)
        {
            if (!_outage)
                log.MlflowUnreachable(failed is OperationCanceledException
                    ? "it did not respond in time"
                    : failed.GetBaseException().Message);
            _outage = true;
            return false;
        }
    }

    private async Task SweepAsync(CancellationToken cancel)
    {
        _sweepAt = clock.GetUtcNow() + BetweenSweeps;
        await using var scope = scopes.CreateAsyncScope();
        var living = await scope.ServiceProvider.GetRequiredService<LiveWorkers>().AllAsync(cancel);
        if (living.Count > 0 && living[0].Id != worker.Id) return;
        await using var db = await contexts.CreateDbContextAsync(cancel);
        var since = clock.GetUtcNow() - BetweenSweeps; // the job's worker comes first
        foreach (var job in await db.Jobs.Where(j => (j.MlflowState == MlflowState.Pending || j.MlflowState == MlflowState.Running)
            && j.FinishedAt < since).OrderBy(j => j.FinishedAt).Take(MostSwept).Select(j => j.Id).ToListAsync(cancel))
            Follow(job);
    }

    /// <summary>Sends updates of a job; true if this worker has nothing more to send.</summary>
    private async Task<bool> SyncAsync(Guid id, Followed followed, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        // deleted
        if (await db.Jobs.AsNoTracking().Include(j => j.Stages).SingleOrDefaultAsync(j => j.Id == id, cancel) is not { } job) return true;
        using var scope = log.BeginScope(new Dictionary<string, object> { ["JobId"] = id });
        try
        {
            if (job.MlflowState == MlflowState.Refused) return true;
            var run = await RunAsync(db, job, cancel);
            await SendMetricsAsync(db, job, run, followed, cancel);
            if (JobMoves.IsEnd(job.Status))
            {
                if (MlflowRun.EndTags(job) is { Count: > 0 } tags) await _mlflow.LogAsync(run, [], [], tags, cancel);
                var (state, status) = job.Status switch
                {
                    JobStatus.Succeeded => (MlflowState.Finished, "FINISHED"),
                    JobStatus.Failed => (MlflowState.Failed, "FAILED"),
                    _ => (MlflowState.Killed, "KILLED"),
                };
                await _mlflow.UpdateAsync(run, status, job.FinishedAt, cancel);
                await SetAsync(db, id, state, run, cancel);
                return true;
            }
            return job.Stages.All(s => s.Status != JobStatus.Running || s.LeaseOwner != worker.Id);
        }
        catch (MlflowRefusedException refused)
        {
            log.MlflowRejected(refused.Message);
            _experiment = null; // it may have been deleted
            await SetAsync(db, id, MlflowState.Refused, job.MlflowRun, cancel);
            return true;
        }
    }

    /// <summary>The job's run, created if necessary, or reopened if the job is retried.</summary>
    private async Task<string> RunAsync(JobsContext db, JobRow job, CancellationToken cancel)
    {
        if (job.MlflowRun is { } known)
        {
            if (job.MlflowState != MlflowState.Running && !JobMoves.IsEnd(job.Status))
            {
                await _mlflow.UpdateAsync(known, "RUNNING", null, cancel);
                await SetAsync(db, job.Id, MlflowState.Running, known, cancel);
            }
            return known;
        }
        // so that it is not forgotten after a failure
        if (job.MlflowState != MlflowState.Pending) await SetAsync(db, job.Id, MlflowState.Pending, null, cancel);
        _experiment ??= await _mlflow.ExperimentAsync(options.MlflowExperiment, cancel);
        var run = await _mlflow.FindRunAsync(_experiment, MlflowRun.JobTag, job.Id.ToString(), cancel) // created, but its id was not stored
            ?? await _mlflow.CreateRunAsync(_experiment, MlflowRun.NameOf(job), job.StartedAt ?? job.CreatedAt, MlflowRun.Tags(job),
            cancel);
        foreach (var some in MlflowRun.Parameters(job).Chunk(MlflowClient.MostParams)) await _mlflow.LogAsync(run, [], some, [], cancel);
        await SetAsync(db, job.Id, MlflowState.Running, run, cancel);
        return run;
    }

    /// <summary>Sends the points that MLflow does not have yet, in batches.</summary>
    private async Task SendMetricsAsync(JobsContext db, JobRow job, string run, Followed followed, CancellationToken cancel)
    {
        followed.Sent ??= new(await _mlflow.LastStepsAsync(run, cancel));
        while (true)
        {
            var (points, now) = (new List<MlflowMetric>(), clock.GetUtcNow().ToUnixTimeMilliseconds()); // rows have no time per point
            foreach (var stage in job.Stages.Where(s => s.StartedAt is not null).Select(s => s.Stage).Order())
                foreach (var name in Names(job).TakeWhile(_ => points.Count < MlflowClient.MostMetrics))
                    await AddAsync(points, db, job.Id, stage, name, followed.Sent, now, cancel);
            if (points.Count == 0) return;
            await _mlflow.LogAsync(run, points, [], [], cancel);
            foreach (var point in points) followed.Sent[point.Key] = point.Step;
            if (points.Count < MlflowClient.MostMetrics) return;
        }
    }

    private static async Task AddAsync(List<MlflowMetric> to, JobsContext db, Guid job, Stage stage, string name,
        Dictionary<string, long> sent, long now, CancellationToken cancel)
    {
        var curve = MlflowRun.CurveOf(stage, name);
        var after = sent.GetValueOrDefault(curve, -1);
        await foreach (var point in db.Metrics.AsNoTracking()
            .Where(m => m.JobId == job && m.Name == name && m.Stage == stage && m.Step > after).OrderBy(m => m.Step)
            .Take(MlflowClient.MostMetrics - to.Count).Select(m => new { m.Step, m.Value }).AsAsyncEnumerable().WithCancellation(cancel))
            to.Add(new(curve, point.Value, now, point.Step));
    }

    private static IEnumerable<string> Names(JobRow job) =>
        ["train/loss", "train/learning_rate", "train/gradient_norm", "train/tokens_per_second", "validation/loss",
            .. job.Request.Task.Reported.Select(metric => $"validation/{JsonText.NameOf(metric)}")];

    private static async Task SetAsync(JobsContext db, Guid job, MlflowState state, string? run, CancellationToken cancel) =>
        await db.Jobs.Where(j => j.Id == job)
            .ExecuteUpdateAsync(set => set.SetProperty(j => j.MlflowState, state).SetProperty(j => j.MlflowRun, run), cancel);

    /// <summary>The state of a followed job.</summary>
    private sealed class Followed
    {
        /// <summary>The last step per metric that MLflow has; null if not read yet.</summary>
        public Dictionary<string, long>? Sent { get; set; }
    }
}
