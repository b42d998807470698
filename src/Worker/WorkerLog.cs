using Microsoft.Extensions.Logging;

namespace LoraDrop.Worker;

/// <summary>Log messages of a worker. The scope adds job, stage and attempt to each line.</summary>
internal static partial class WorkerLog
{
    [LoggerMessage(2001, LogLevel.Information, "Stage started, attempt {Attempt}")]
    public static partial void Taken(this ILogger log, int attempt);

    [LoggerMessage(2002, LogLevel.Information, "Child process {ProcessId} started")]
    public static partial void ChildStarted(this ILogger log, int processId);

    [LoggerMessage(2003, LogLevel.Information, "Child process ended with {ExitCode}")]
    public static partial void ChildEnded(this ILogger log, int exitCode);

    [LoggerMessage(2023, LogLevel.Information, "Child process {ProcessId} goes on with this stage")]
    public static partial void ChildGoesOn(this ILogger log, int processId);

    [LoggerMessage(2024, LogLevel.Debug, "Child process {ProcessId} is not waited for any longer")]
    public static partial void ChildDismissed(this ILogger log, int processId);

    [LoggerMessage(2025, LogLevel.Information, "Prediction of job {JobId} answered in {Seconds:0.00} s")]
    public static partial void Predicted(this ILogger log, Guid jobId, double seconds);

    [LoggerMessage(2026, LogLevel.Warning, "Prediction of job {JobId} failed ({Code}): {Reason}")]
    public static partial void PredictionFailed(this ILogger log, Guid jobId, string code, string reason);

    [LoggerMessage(2027, LogLevel.Error, "Prediction of job {JobId} failed unexpectedly")]
    public static partial void PredictionBroke(this ILogger log, Exception error, Guid jobId);

    [LoggerMessage(2028, LogLevel.Information, "Evaluated: {Metric} {Score:0.0000}")]
    public static partial void Evaluated(this ILogger log, string metric, double score);

    [LoggerMessage(2029, LogLevel.Warning, "Evaluation failed ({Code}): {Reason}")]
    public static partial void EvaluationFailed(this ILogger log, string code, string reason);

    [LoggerMessage(2030, LogLevel.Error, "Evaluation failed unexpectedly")]
    public static partial void EvaluationBroke(this ILogger log, Exception error);

    [LoggerMessage(2004, LogLevel.Information, "Stage succeeded")]
    public static partial void StageDone(this ILogger log);

    [LoggerMessage(2005, LogLevel.Information, "Reusing the importance of job {From}")]
    public static partial void Reused(this ILogger log, Guid from);

    [LoggerMessage(2006, LogLevel.Information, "Stage handed back: the worker is stopping")]
    public static partial void HandedBack(this ILogger log);

    [LoggerMessage(2007, LogLevel.Warning, "Stage failed ({Code}): {Reason}")]
    public static partial void StageFailed(this ILogger log, string code, string reason);

    [LoggerMessage(2008, LogLevel.Error, "Stage failed unexpectedly ({Code})")]
    public static partial void StageBroke(this ILogger log, Exception error, string code);

    [LoggerMessage(2009, LogLevel.Warning, "Lease lost: another attempt has the stage; this one writes nothing")]
    public static partial void LeaseLost(this ILogger log);

    [LoggerMessage(2010, LogLevel.Warning, "Cannot start work: the database does not respond. {Reason}")]
    public static partial void DatabaseUnreachable(this ILogger log, string reason);

    [LoggerMessage(2011, LogLevel.Warning, "Child: {Text}")]
    public static partial void ChildOutput(this ILogger log, string text);

    [LoggerMessage(2012, LogLevel.Debug, "Checkpoint of step {Step} stored, {Bytes} bytes")]
    public static partial void CheckpointStored(this ILogger log, int step, long bytes);

    [LoggerMessage(2013, LogLevel.Information, "{What} {Id} is ready")]
    public static partial void Prepared(this ILogger log, string what, Guid id);

    [LoggerMessage(2014, LogLevel.Warning, "{What} {Id} cannot be used ({Code}): {Reason}")]
    public static partial void NotPrepared(this ILogger log, string what, Guid id, string code, string reason);

    [LoggerMessage(2015, LogLevel.Error, "{What} {Id}: preparation failed unexpectedly")]
    public static partial void PreparationBroke(this ILogger log, Exception error, string what, Guid id);

    [LoggerMessage(2018, LogLevel.Warning, "Not handed back: the database does not respond. The lease will expire")]
    public static partial void NotHandedBack(this ILogger log);

    [LoggerMessage(2019, LogLevel.Error, "An attempt failed unexpectedly")]
    public static partial void WorkBroke(this ILogger log, Exception error);

    [LoggerMessage(2020, LogLevel.Warning, "Checkpoint of step {Step} not stored; trying again with the next one: {Reason}")]
    public static partial void CheckpointNotStored(this ILogger log, int step, string reason);

    [LoggerMessage(2021, LogLevel.Warning, "Cached file {Sha256} is damaged and will be fetched again")]
    public static partial void CacheDamaged(this ILogger log, string sha256);

    [LoggerMessage(2022, LogLevel.Information, "{Sha256}, {Bytes} bytes, removed from the cache to free space")]
    public static partial void CacheRemoved(this ILogger log, string sha256, long bytes);

    [LoggerMessage(2016, LogLevel.Warning, "The lease of {Stage} of job {JobId} expired; the stage is queued again")]
    public static partial void LeaseRanOut(this ILogger log, string stage, Guid jobId);

    [LoggerMessage(2017, LogLevel.Warning, "The heartbeat could not be written: {Reason}")]
    public static partial void HeartbeatFailed(this ILogger log, string reason);

    [LoggerMessage(2201, LogLevel.Warning, "MLflow is unreachable: {Reason}. Jobs continue; updates are sent when it responds again")]
    public static partial void MlflowUnreachable(this ILogger log, string reason);

    [LoggerMessage(2202, LogLevel.Information, "MLflow responds again and has received the missed updates")]
    public static partial void MlflowReachable(this ILogger log);

    [LoggerMessage(2203, LogLevel.Warning, "MLflow rejected this job; no more updates are sent. {Reason}")]
    public static partial void MlflowRejected(this ILogger log, string reason);

    [LoggerMessage(2101, LogLevel.Information, "Worker {Worker} started on {Device} with {MemoryGiB:0.#} GiB")]
    public static partial void Working(this ILogger log, string worker, string device, double memoryGiB);
}
