namespace LoraDrop.Domain;

/// <summary>Where a job stands, and each of its stages.</summary>
public enum JobStatus
{
    /// <summary>A stage that cannot start yet: the one before it, the model or the dataset is not ready. A job is never waiting, it is queued.</summary>
    Waiting,

    /// <summary>Ready to be taken by a worker.</summary>
    Queued,

    /// <summary>A worker holds its lease.</summary>
    Running,

    /// <summary>A person asked it to wait; it goes on from its last checkpoint when a person says so.</summary>
    Paused,

    Succeeded,

    Failed,

    Cancelled,
}

/// <summary>The life of a job as one table: a move outside it is refused, whoever asks.</summary>
public static class JobMoves
{
    private static readonly Dictionary<JobStatus, JobStatus[]> Legal = new()
    {
        [JobStatus.Waiting] = [JobStatus.Queued, JobStatus.Failed, JobStatus.Cancelled],
        [JobStatus.Queued] = [JobStatus.Running, JobStatus.Paused, JobStatus.Succeeded, JobStatus.Failed, JobStatus.Cancelled],   // succeeded: another job's importance is taken over
        [JobStatus.Running] = [JobStatus.Queued, JobStatus.Paused, JobStatus.Succeeded, JobStatus.Failed, JobStatus.Cancelled],   // queued: its worker is gone, another goes on
        [JobStatus.Paused] = [JobStatus.Waiting, JobStatus.Queued, JobStatus.Cancelled],
        [JobStatus.Succeeded] = [],
        [JobStatus.Failed] = [JobStatus.Waiting, JobStatus.Queued],                                             // a person asked to try again
        [JobStatus.Cancelled] = [JobStatus.Waiting, JobStatus.Queued],
    };

    public static bool Allows(JobStatus from, JobStatus to) => Legal[from].Contains(to);

    /// <summary>Whether nothing will happen to the job unless a person asks.</summary>
    public static bool IsEnd(JobStatus status) => status is JobStatus.Succeeded or JobStatus.Failed or JobStatus.Cancelled;
}
