using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>What tells one state of a job from another, for readers that poll: gathered, and compiled once, so that a look costs next to nothing.</summary>
internal sealed class JobPeek
{
    /// <summary>
    /// A row for each stage, each table by its key. To ask for the queued stage alone tempted PostgreSQL to walk through the index of the whole queue, which it believed to be
    /// empty, for each job; to join the models and datasets, to walk through all of them.
    /// </summary>
    private readonly Func<JobsContext, List<Guid>, IAsyncEnumerable<PeekedStage>> _stages = EF.CompileAsyncQuery((JobsContext db, List<Guid> ids) =>
        from job in db.Jobs
        where ids.Contains(job.Id) && job.DeletedAt == null
        from stage in db.Stages.Where(s => s.JobId == job.Id)
        select new PeekedStage(
            job.Id, job.Owner, job.Version, job.Status, stage.Stage, stage.Status, stage.Priority, stage.QueuedAt,
            job.Status == JobStatus.Queued && db.Models.Any(m => m.Id == job.ModelId && m.Status != InputStatus.Ready),
            job.Status == JobStatus.Queued && db.Datasets.Any(d => d.Id == job.DatasetId && d.Status != InputStatus.Ready)));

    private readonly IDbContextFactory<JobsContext> _contexts;
    private readonly QueueOrder _order;
    private readonly GatheredReads<Guid, JobState> _states;

    public JobPeek(IDbContextFactory<JobsContext> contexts, QueueOrder order)
    {
        (_contexts, _order) = (contexts, order);
        _states = new(ReadAsync);
    }

    /// <summary>The job's state, or null where there is no such job.</summary>
    public async Task<JobState?> StateAsync(Guid id, CancellationToken cancel) =>
        await _states.ReadAsync(id, cancel) is { } state ? await PlacedAsync(state, cancel) : null;

    /// <summary>The state of a job whose rows are at hand, as they were stored.</summary>
    public Task<JobState> StateAsync(JobRow job, CancellationToken cancel)
    {
        var queued = job.Stages.Find(s => s.Status == JobStatus.Queued);
        return PlacedAsync(new(job.Owner, job.Version, job.Status, queued is null ? null : new(queued.Priority, queued.Stage, queued.QueuedAt!.Value, job.Id),
            job.Status == JobStatus.Queued && job.Model.Status != InputStatus.Ready, job.Status == JobStatus.Queued && job.Dataset.Status != InputStatus.Ready), cancel);
    }

    private async Task<JobState> PlacedAsync(JobState state, CancellationToken cancel) =>
        state.Place is { } place ? state with { QueuePosition = await _order.PositionAsync(place, cancel) } : state;

    private async Task<IReadOnlyDictionary<Guid, JobState>> ReadAsync(IReadOnlyCollection<Guid> ids)
    {
        await using var db = await _contexts.CreateDbContextAsync();
        var states = new Dictionary<Guid, JobState>();
        await foreach (var stage in _stages(db, [.. ids]))
            if (stage.IsQueued || !states.ContainsKey(stage.Job)) states[stage.Job] = stage.State;
        return states;
    }

    private sealed record PeekedStage(Guid Job, string Owner, long Version, JobStatus JobStatus, Stage Stage, JobStatus Status, JobPriority Priority, DateTimeOffset? QueuedAt, bool WaitsForModel, bool WaitsForDataset)
    {
        public bool IsQueued => Status == JobStatus.Queued;

        public JobState State => new(Owner, Version, JobStatus, IsQueued ? new(Priority, Stage, QueuedAt!.Value, Job) : null, WaitsForModel, WaitsForDataset);
    }
}

/// <summary>A job's state, as far as readers that poll must know it.</summary>
internal sealed record JobState(string Owner, long Version, JobStatus Status, QueuePlace? Place, bool WaitsForModel, bool WaitsForDataset)
{
    /// <summary>1 is taken next; null where no stage is queued.</summary>
    public int? QueuePosition { get; init; }

    /// <summary>Differs whenever the job's page does: the queue moves, and inputs become ready, without a change of the job's row.</summary>
    public string ETag => QueuePosition is { } position ? $"\"{Version}-{position}\""
        : WaitsForModel || WaitsForDataset ? $"\"{Version}-{(WaitsForModel ? "m" : "")}{(WaitsForDataset ? "d" : "")}\""
        : $"\"{Version}\"";
}
