namespace LoraDrop.Storage;

/// <summary>The event types of webhooks, and the job events behind them.</summary>
public static class WebhookType
{
    /// <summary>In a filter: all types, including those of later versions.</summary>
    public const string Every = "*";

    public const string JobSubmitted = "job.submitted", JobStarted = "job.started", JobImportanceMeasured = "job.importance_measured",
        JobStageSucceeded = "job.stage_succeeded", JobPaused = "job.paused",
        JobRetried = "job.retried", JobSucceeded = "job.succeeded", JobFailed = "job.failed", JobCancelled = "job.cancelled",
        ExperimentFinished = "experiment.finished";

    /// <summary>Sent when a user requests a test, whatever the filter.</summary>
    public const string Test = "webhook.test";

    private static readonly Dictionary<string, string> OfEvents = new()
    {
        [EventType.Submitted] = JobSubmitted, [EventType.StageStarted] = JobStarted, [EventType.ImportanceMeasured] = JobImportanceMeasured,
        [EventType.ImportanceReused] = JobImportanceMeasured,
        [EventType.StageSucceeded] = JobStageSucceeded, [EventType.Paused] = JobPaused, [EventType.Retried] = JobRetried,
        [EventType.Succeeded] = JobSucceeded, [EventType.Failed] = JobFailed,
        [EventType.Cancelled] = JobCancelled, [EventType.ExperimentFinished] = ExperimentFinished,
    };

    /// <summary>The types that a filter may name.</summary>
    public static IReadOnlyList<string> OfJobs { get; } = [.. OfEvents.Values.Distinct()];

    /// <summary>The webhook type of a job's event; null if webhooks do not send it.</summary>
    public static string? Of(string eventType) => OfEvents.GetValueOrDefault(eventType);
}
