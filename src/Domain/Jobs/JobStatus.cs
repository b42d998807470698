namespace LoraDrop.Domain;

/// <summary>The status of a job or a stage.</summary>
public enum JobStatus
{
    /// <summary>The stage cannot start yet, because the previous stage, the model or the dataset is not ready. Stages only; such a job is
    /// queued.</summary>
    Waiting,

    /// <summary>Ready to be started by a worker.</summary>
    Queued,

    /// <summary>A worker is running it.</summary>
    Running,

    /// <summary>Paused by a user; continues from its last checkpoint when resumed.</summary>
    Paused,

    Succeeded,

    Failed,

    Cancelled,
}

/// <summary>The allowed status transitions of jobs and stages.</summary>
public static class JobMoves
{
    private static readonly Dictionary<JobStatus, JobStatus[]> Legal = new()
    {
        [JobStatus.Waiting] = [JobStatus.Queued, JobStatus.Failed, JobStatus.Cancelled],
        // succeeded: reuses another job's importance
        [JobStatus.Queued] = [JobStatus.Running, JobStatus.Paused, JobStatus.Succeeded, JobStatus.Failed, JobStatus.Cancelled],
        // queued: its worker is lost, another continues
        [JobStatus.Running] = [JobStatus.Queued, JobStatus.Paused, JobStatus.Succeeded, JobStatus.Failed, JobStatus.Cancelled],
        [JobStatus.Paused] = [JobStatus.Waiting, JobStatus.Queued, JobStatus.Cancelled],
        [JobStatus.Succeeded] = [],
        [JobStatus.Failed] = [JobStatus.Waiting, JobStatus.Queued],                                             // retried by a user
        [JobStatus.Cancelled] = [JobStatus.Waiting, JobStatus.Queued],
    };

    public static bool Allows(JobStatus from, JobStatus to) => Legal[from].Contains(to);

    /// <summary>Whether the status is final unless a user retries.</summary>
    public static bool IsEnd(JobStatus status) => status is JobStatus.Succeeded or JobStatus.Failed or JobStatus.Cancelled;
}
