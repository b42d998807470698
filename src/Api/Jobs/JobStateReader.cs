using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>Reads the state that determines a job's ETag. Batched and compiled once, so that polling is cheap.</summary>
internal sealed class JobStateReader
{
    /// <summary>
    /// One row per stage, each table by its key. Querying only the queued stage made PostgreSQL scan the index of the whole queue, which it
    /// believed to be empty, for each job; joining models and datasets made it scan all of them.
    /// </summary>
    private readonly Func<JobsContext, List<Guid>, IAsyncEnumerable<StageState>> _stages =
        EF.CompileAsyncQuery((JobsContext db, List<Guid> ids) =>
        from job in db.Jobs
        where ids.Contains(job.Id) && job.DeletedAt == null
        from stage in db.Stages.Where(s => s.JobId == job.Id)
        select new StageState(
            job.Id, job.Owner, job.Version, job.Status, stage.Stage, stage.Status, stage.Priority, stage.QueuedAt,
            job.Status == JobStatus.Queued && db.Models.Any(m => m.Id == job.ModelId && m.Status != InputStatus.Ready),
            job.Status == JobStatus.Queued && db.Datasets.Any(d => d.Id == job.DatasetId && d.Status != InputStatus.Ready)));

    private readonly IDbContextFactory<JobsContext> _contexts;
    private readonly QueueOrder _order;
    private readonly BatchedReads<Guid, JobState> _states;

    public JobStateReader(IDbContextFactory<JobsContext> contexts, QueueOrder order)
    {
        (_contexts, _order) = (contexts, order);
        _states = new(ReadAsync);
    }

    /// <summary>The job's state, or null if the job does not exist.</summary>
    public async Task<JobState?> StateAsync(Guid id, CancellationToken cancel) =>
        await _states.ReadAsync(id, cancel) is { } state ? await PlacedAsync(state, cancel) : null;

    /// <summary>The state of a job whose rows are already loaded.</summary>
    public Task<JobState> StateAsync(JobRow job, CancellationToken cancel)
    {
        var queued = job.Stages.Find(s => s.Status == JobStatus.Queued);
        return PlacedAsync(new(job.Owner, job.Version, job.Status, queued is null
            ? null
            : new(queued.Priority, queued.Stage, queued.QueuedAt!.Value, job.Id),
            job.Status == JobStatus.Queued && job.Model.Status != InputStatus.Ready, job.Status == JobStatus.Queued
            && job.Dataset.Status != InputStatus.Ready), cancel);
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

    private sealed record StageState(Guid Job, string Owner, long Version, JobStatus JobStatus, Stage Stage, JobStatus Status,
        JobPriority Priority, DateTimeOffset? QueuedAt, bool WaitsForModel, bool WaitsForDataset)
    {
        public bool IsQueued => Status == JobStatus.Queued;

        public JobState State =>
            new(Owner, Version, JobStatus, IsQueued ? new(Priority, Stage, QueuedAt!.Value, Job) : null, WaitsForModel, WaitsForDataset);
    }
}

/// <summary>The part of a job's state that determines its ETag.</summary>
internal sealed record JobState(string Owner, long Version, JobStatus Status, QueuePlace? Place, bool WaitsForModel, bool WaitsForDataset)
{
    /// <summary>Position in the queue, 1 is next; null if no stage is queued.</summary>
    public int? QueuePosition { get; init; }

    /// <summary>Changes whenever the job's JSON does, including when the queue moves or inputs become ready without a change of the job's
    /// row.</summary>
    public string ETag => QueuePosition is { } position ? $"\"{Version}-{position}\""
        : WaitsForModel || WaitsForDataset ? $"\"{Version}-{(WaitsForModel ? "m" : "")}{(WaitsForDataset ? "d" : "")}\""
        : $"\"{Version}\"";
}
