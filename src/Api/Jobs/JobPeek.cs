using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>What tells one state of a job from another, for readers that poll: compiled once, so that a look costs next to nothing.</summary>
internal sealed class JobPeek
{
    private readonly Func<JobsContext, Guid, CancellationToken, Task<JobState?>> _state = EF.CompileAsyncQuery((JobsContext db, Guid id, CancellationToken _) => db.Jobs
        .Where(job => job.Id == id)
        .Select(job => new JobState(
            job.Version, job.Status,
            db.Stages.Where(s => s.JobId == id && s.Status == JobStatus.Queued).Select(s => (Stage?)s.Stage).FirstOrDefault(),
            db.Stages.Where(s => s.JobId == id && s.Status == JobStatus.Queued).Select(s => s.QueuedAt).FirstOrDefault(),
            db.Stages.Where(s => s.JobId == id).Select(s => s.Priority).First(),
            job.Status == JobStatus.Queued && job.Model.Status != InputStatus.Ready,
            job.Status == JobStatus.Queued && job.Dataset.Status != InputStatus.Ready))
        .SingleOrDefault());

    private readonly Func<JobsContext, Guid, JobPriority, Stage, DateTimeOffset, CancellationToken, Task<int>> _ahead = EF.CompileAsyncQuery(
        (JobsContext db, Guid id, JobPriority priority, Stage stage, DateTimeOffset since, CancellationToken _) => db.Stages.Count(other => other.Status == JobStatus.Queued
            && (other.Priority < priority || (other.Priority == priority && (other.Stage == stage
                ? other.QueuedAt < since || (other.QueuedAt == since && other.JobId < id)
                : other.Stage == Stage.TaskAdaptation)))));

    /// <summary>The job's state, or null where there is no such job.</summary>
    public async Task<JobState?> StateAsync(JobsContext db, Guid id, CancellationToken cancel)
    {
        if (await _state(db, id, cancel) is not { } state) return null;
        return state is { QueuedStage: { } stage, QueuedAt: { } since } ? state with { QueuePosition = 1 + await _ahead(db, id, state.Priority, stage, since, cancel) } : state;
    }
}

/// <summary>A job's state, as far as readers that poll must know it.</summary>
internal sealed record JobState(long Version, JobStatus Status, Stage? QueuedStage, DateTimeOffset? QueuedAt, JobPriority Priority, bool WaitsForModel, bool WaitsForDataset)
{
    /// <summary>1 is taken next; null where no stage is queued.</summary>
    public int? QueuePosition { get; init; }

    /// <summary>Differs whenever the job's page does: the queue moves, and inputs become ready, without a change of the job's row.</summary>
    public string ETag => QueuePosition is { } position ? $"\"{Version}-{position}\""
        : WaitsForModel || WaitsForDataset ? $"\"{Version}-{(WaitsForModel ? "m" : "")}{(WaitsForDataset ? "d" : "")}\""
        : $"\"{Version}\"";
}
