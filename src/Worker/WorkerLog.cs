using Microsoft.Extensions.Logging;

namespace LoraDrop.Worker;

/// <summary>What a worker says in the log; job, stage and attempt stand on every line through the scope.</summary>
internal static partial class WorkerLog
{
    [LoggerMessage(2001, LogLevel.Information, "Stage taken up, attempt {Attempt}")]
    public static partial void Taken(this ILogger log, int attempt);

    [LoggerMessage(2002, LogLevel.Information, "Child process {ProcessId} started")]
    public static partial void ChildStarted(this ILogger log, int processId);

    [LoggerMessage(2003, LogLevel.Information, "Child process ended with {ExitCode}")]
    public static partial void ChildEnded(this ILogger log, int exitCode);

    [LoggerMessage(2004, LogLevel.Information, "Stage done")]
    public static partial void StageDone(this ILogger log);

    [LoggerMessage(2005, LogLevel.Information, "The importance of job {From} is used again")]
    public static partial void Reused(this ILogger log, Guid from);

    [LoggerMessage(2006, LogLevel.Information, "Stage handed back: the worker stops")]
    public static partial void HandedBack(this ILogger log);

    [LoggerMessage(2007, LogLevel.Warning, "Stage failed ({Code}): {Reason}")]
    public static partial void StageFailed(this ILogger log, string code, string reason);

    [LoggerMessage(2008, LogLevel.Error, "Stage broke ({Code})")]
    public static partial void StageBroke(this ILogger log, Exception error, string code);

    [LoggerMessage(2009, LogLevel.Warning, "The lease is lost: another attempt has the stage, this one writes nothing")]
    public static partial void LeaseLost(this ILogger log);

    [LoggerMessage(2010, LogLevel.Warning, "Nothing is taken up: the database does not answer. {Reason}")]
    public static partial void CannotLook(this ILogger log, string reason);

    [LoggerMessage(2011, LogLevel.Warning, "Child: {Text}")]
    public static partial void ChildSays(this ILogger log, string text);

    [LoggerMessage(2012, LogLevel.Debug, "Checkpoint of step {Step} stored, {Bytes} bytes")]
    public static partial void CheckpointStored(this ILogger log, int step, long bytes);

    [LoggerMessage(2013, LogLevel.Information, "{What} {Id} is ready")]
    public static partial void Prepared(this ILogger log, string what, Guid id);

    [LoggerMessage(2014, LogLevel.Warning, "{What} {Id} cannot be used ({Code}): {Reason}")]
    public static partial void NotPrepared(this ILogger log, string what, Guid id, string code, string reason);

    [LoggerMessage(2015, LogLevel.Error, "{What} {Id}: preparation broke")]
    public static partial void PreparationBroke(this ILogger log, Exception error, string what, Guid id);

    [LoggerMessage(2018, LogLevel.Warning, "Stage not handed back: the database does not answer. Its lease runs out by itself")]
    public static partial void NotHandedBack(this ILogger log);

    [LoggerMessage(2019, LogLevel.Error, "An attempt broke")]
    public static partial void WorkBroke(this ILogger log, Exception error);

    [LoggerMessage(2020, LogLevel.Warning, "Checkpoint of step {Step} not stored, the next will be tried: {Reason}")]
    public static partial void CheckpointNotStored(this ILogger log, int step, string reason);

    [LoggerMessage(2021, LogLevel.Warning, "The cached {Sha256} is damaged; it is fetched again")]
    public static partial void CacheDamaged(this ILogger log, string sha256);

    [LoggerMessage(2022, LogLevel.Information, "{Sha256}, {Bytes} bytes, removed from the cache to make room")]
    public static partial void CacheRemoved(this ILogger log, string sha256, long bytes);

    [LoggerMessage(2016, LogLevel.Warning, "The lease of {Stage} of job {JobId} ran out; it is queued again")]
    public static partial void LeaseRanOut(this ILogger log, string stage, Guid jobId);

    [LoggerMessage(2017, LogLevel.Warning, "The heartbeat could not be written: {Reason}")]
    public static partial void HeartbeatFailed(this ILogger log, string reason);

    [LoggerMessage(2201, LogLevel.Warning, "MLflow cannot be told of jobs: {Reason}. They go on; it is told when it answers again")]
    public static partial void MlflowGone(this ILogger log, string reason);

    [LoggerMessage(2202, LogLevel.Information, "MLflow answers again, and knows what it missed")]
    public static partial void MlflowAnswers(this ILogger log);

    [LoggerMessage(2203, LogLevel.Warning, "MLflow does not take this job, and is not told of it any more. {Reason}")]
    public static partial void MlflowRefuses(this ILogger log, string reason);

    [LoggerMessage(2101, LogLevel.Information, "Worker {Worker} works on {Device} with {MemoryGiB:0.#} GiB")]
    public static partial void Working(this ILogger log, string worker, string device, double memoryGiB);
}
