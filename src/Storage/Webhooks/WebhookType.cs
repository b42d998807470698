namespace LoraDrop.Storage;

/// <summary>What webhooks tell of, and the events of jobs that it is made from.</summary>
public static class WebhookType
{
    /// <summary>In a filter: all there are, those of later versions too.</summary>
    public const string Every = "*";

    public const string JobSubmitted = "job.submitted", JobStarted = "job.started", JobImportanceMeasured = "job.importance_measured",
        JobStageSucceeded = "job.stage_succeeded", JobPaused = "job.paused",
        JobRetried = "job.retried", JobSucceeded = "job.succeeded", JobFailed = "job.failed", JobCancelled = "job.cancelled";

    /// <summary>Sent when somebody asks for it, whatever the filter says.</summary>
    public const string Test = "webhook.test";

    private static readonly Dictionary<string, string> OfEvents = new()
    {
        [EventType.Submitted] = JobSubmitted, [EventType.StageStarted] = JobStarted, [EventType.ImportanceMeasured] = JobImportanceMeasured,
        [EventType.ImportanceReused] = JobImportanceMeasured,
        [EventType.StageSucceeded] = JobStageSucceeded, [EventType.Paused] = JobPaused, [EventType.Retried] = JobRetried,
        [EventType.Succeeded] = JobSucceeded, [EventType.Failed] = JobFailed,
        [EventType.Cancelled] = JobCancelled,
    };

    /// <summary>What a filter may name.</summary>
    public static IReadOnlyList<string> OfJobs { get; } = [.. OfEvents.Values.Distinct()];

    /// <summary>What an event of a job is told as; null where it is not told.</summary>
    public static string? Of(string eventType) => OfEvents.GetValueOrDefault(eventType);
}
