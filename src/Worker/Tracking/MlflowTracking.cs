using System.Collections.Concurrent;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Worker;

/// <summary>Shows jobs in MLflow, behind their runs: a job is a run there, whatever attempts and workers it took.</summary>
/// <remarks>
/// <para>What is sent is read from the rows, where the worker has written it anyway. So nothing is buffered, nothing is lost when MLflow or this process
/// is gone, and no job waits: what was missed is sent when MLflow answers again, from the last step that MLflow itself says it has.</para>
/// <para>Jobs that are at work here are followed; of those that ended while nobody could tell MLflow so, the worker that lives longest takes care.</para>
/// </remarks>
internal sealed class MlflowTracking(IDbContextFactory<JobsContext> contexts, IServiceScopeFactory scopes, TrackingOptions options, WorkerIdentity worker, TimeProvider clock, ILogger<MlflowTracking> log) : BackgroundService
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(2), BetweenSweeps = TimeSpan.FromMinutes(1), LongestWait = TimeSpan.FromMinutes(1), LastWords = TimeSpan.FromSeconds(2);

    /// <summary>Ended jobs that a sweep takes up.</summary>
    private const int MostSwept = 50;

    private readonly MlflowClient _mlflow = new(options);
    private readonly ConcurrentDictionary<Guid, Followed> _followed = new();
    private string? _experiment;
    private DateTimeOffset _sweepAt;
    private bool _outage;

    /// <summary>A stage of the job is at work here.</summary>
    public void Follow(Guid job) => _followed.TryAdd(job, new());

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

    /// <summary>After the stages have been handed back: what is known then is told, if it goes quickly.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(LastWords);
        await PassAsync(limit.Token);
    }

    public override void Dispose()
    {
        _mlflow.Dispose();
        base.Dispose();
    }

    /// <summary>Tells what is new; false where MLflow or the database does not answer.</summary>
    private async Task<bool> PassAsync(CancellationToken cancel)
    {
        try
        {
            if (clock.GetUtcNow() >= _sweepAt) await SweepAsync(cancel);
            foreach (var (job, followed) in _followed)
                if (await TellAsync(job, followed, cancel)) _followed.TryRemove(new(job, followed));
            if (_outage) log.MlflowAnswers();
            _outage = false;
            return true;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return true; // the next worker that has the job goes on, or a sweep
        }
        catch (Exception failed) when (failed is HttpRequestException or OperationCanceledException || Outages.Of(failed) is not null)
        {
            if (!_outage) log.MlflowGone(failed is OperationCanceledException ? "it does not answer in time" : failed.GetBaseException().Message);
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
        var since = clock.GetUtcNow() - BetweenSweeps; // whoever had it tells first
        foreach (var job in await db.Jobs.Where(j => (j.MlflowState == MlflowState.Pending || j.MlflowState == MlflowState.Running) && j.FinishedAt < since).OrderBy(j => j.FinishedAt).Take(MostSwept).Select(j => j.Id).ToListAsync(cancel))
            Follow(job);
    }

    /// <summary>Tells what is new of a job; true when there is nothing more to tell from here.</summary>
    private async Task<bool> TellAsync(Guid id, Followed followed, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        if (await db.Jobs.AsNoTracking().Include(j => j.Stages).SingleOrDefaultAsync(j => j.Id == id, cancel) is not { } job) return true; // deleted
        using var scope = log.BeginScope(new Dictionary<string, object> { ["JobId"] = id });
        try
        {
            if (job.MlflowState == MlflowState.Refused) return true;
            var run = await RunAsync(db, job, cancel);
            await TellCurvesAsync(db, job, run, followed, cancel);
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
            log.MlflowRefuses(refused.Message);
            _experiment = null; // it may have been deleted
            await SetAsync(db, id, MlflowState.Refused, job.MlflowRun, cancel);
            return true;
        }
    }

    /// <summary>The job's run, which is begun where there is none, or taken up again where the job is tried again.</summary>
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
        if (job.MlflowState != MlflowState.Pending) await SetAsync(db, job.Id, MlflowState.Pending, null, cancel); // whatever happens now, it is not forgotten
        _experiment ??= await _mlflow.ExperimentAsync(options.MlflowExperiment, cancel);
        var run = await _mlflow.FindRunAsync(_experiment, MlflowRun.JobTag, job.Id.ToString(), cancel) // begun, and its id not written down any more
            ?? await _mlflow.CreateRunAsync(_experiment, MlflowRun.NameOf(job), job.StartedAt ?? job.CreatedAt, MlflowRun.Tags(job), cancel);
        foreach (var some in MlflowRun.Parameters(job).Chunk(MlflowClient.MostParams)) await _mlflow.LogAsync(run, [], some, [], cancel);
        await SetAsync(db, job.Id, MlflowState.Running, run, cancel);
        return run;
    }

    /// <summary>Sends the points that MLflow does not have, in batches of what it takes.</summary>
    private async Task TellCurvesAsync(JobsContext db, JobRow job, string run, Followed followed, CancellationToken cancel)
    {
        followed.Sent ??= new(await _mlflow.LastStepsAsync(run, cancel));
        while (true)
        {
            var (points, now) = (new List<MlflowMetric>(), clock.GetUtcNow().ToUnixTimeMilliseconds()); // rows hold no time of each point
            foreach (var stage in job.Stages.Where(s => s.StartedAt is not null).Select(s => s.Stage).Order())
                foreach (var name in Names(job).TakeWhile(_ => points.Count < MlflowClient.MostMetrics))
                    await AddAsync(points, db, job.Id, stage, name, followed.Sent, now, cancel);
            if (points.Count == 0) return;
            await _mlflow.LogAsync(run, points, [], [], cancel);
            foreach (var point in points) followed.Sent[point.Key] = point.Step;
            if (points.Count < MlflowClient.MostMetrics) return;
        }
    }

    private static async Task AddAsync(List<MlflowMetric> to, JobsContext db, Guid job, Stage stage, string name, Dictionary<string, long> sent, long now, CancellationToken cancel)
    {
        var curve = MlflowRun.CurveOf(stage, name);
        var after = sent.GetValueOrDefault(curve, -1);
        await foreach (var point in db.Metrics.AsNoTracking().Where(m => m.JobId == job && m.Name == name && m.Stage == stage && m.Step > after).OrderBy(m => m.Step)
            .Take(MlflowClient.MostMetrics - to.Count).Select(m => new { m.Step, m.Value }).AsAsyncEnumerable().WithCancellation(cancel))
            to.Add(new(curve, point.Value, now, point.Step));
    }

    private static IEnumerable<string> Names(JobRow job) =>
        ["train/loss", "train/learning_rate", "train/gradient_norm", "train/tokens_per_second", "validation/loss", .. job.Request.Task.Reported.Select(metric => $"validation/{JsonText.NameOf(metric)}")];

    private static async Task SetAsync(JobsContext db, Guid job, MlflowState state, string? run, CancellationToken cancel) =>
        await db.Jobs.Where(j => j.Id == job).ExecuteUpdateAsync(set => set.SetProperty(j => j.MlflowState, state).SetProperty(j => j.MlflowRun, run), cancel);

    /// <summary>A job that is followed.</summary>
    private sealed class Followed
    {
        /// <summary>The last step of each curve that MLflow has; null before it was asked.</summary>
        public Dictionary<string, long>? Sent { get; set; }
    }
}
