using System.Text.Json;
using System.Text.Json.Serialization;
using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>The body of a delivery: what happened, when, and enough of the job to act on. The job's own page has the rest.</summary>
/// <param name="Type">One of <see cref="WebhookType"/>.</param>
/// <param name="Timestamp">When it happened.</param>
/// <param name="Data">About the job, or the webhook that is tested.</param>
public sealed record WebhookPayload<T>(string Type, DateTimeOffset Timestamp, T Data);

/// <summary>What a delivery says of a job.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">The name that its author gave it.</param>
/// <param name="Status">As it was when this happened.</param>
/// <param name="Stage">The stage that it is in; when it has ended, the one in which it did.</param>
/// <param name="Method">lora-drop or lora.</param>
/// <param name="Message">For a person: what happened.</param>
/// <param name="Score">The primary score, of a job that succeeded.</param>
/// <param name="Error">Why it failed.</param>
/// <param name="Labels">The names and values that its author gave it.</param>
/// <param name="Href">Its page at the service.</param>
public sealed record JobNews(
    Guid Id, string? Name, JobStatus Status, Stage Stage, TuningMethod Method, string Message, double? Score, JobNewsError? Error,
    IReadOnlyDictionary<string, string> Labels, string Href);

/// <summary>Why a job failed.</summary>
/// <param name="Code">One of <see cref="FailureCode"/>; absent where the job was tried again before this was sent.</param>
/// <param name="Message">For a person.</param>
public sealed record JobNewsError(string? Code, string Message);

/// <summary>What a test says.</summary>
/// <param name="Webhook">The webhook that is tested.</param>
/// <param name="Message">For a person.</param>
public sealed record TestNews(Guid Webhook, string Message);

/// <summary>Writes bodies.</summary>
internal static class WebhookBody
{
    private static readonly JsonSerializerOptions Json =
        new(JsonText.Compact) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    public static string Of(EventRow happened, string type, JobRow job)
    {
        var ended = type is WebhookType.JobSucceeded;
        var error = type is WebhookType.JobFailed ? new JobNewsError(job.Failure?.Code, happened.Message) : null;
        return Write(type, happened.At, new JobNews(
            job.Id, job.Name, StatusAt(type, job), StageAt(happened, job), job.Method, happened.Message, ended && job.Score is { } score
            && double.IsFinite(score) ? score : null, error,
            new SortedDictionary<string, string>(job.Labels.ToDictionary(label => label.Name, label => label.Value),
            StringComparer.Ordinal), $"/jobs/{job.Id}"));
    }

    public static string OfTest(WebhookRow webhook, DateTimeOffset now) =>
        Write(WebhookType.Test, now, new TestNews(webhook.Id, "A test that somebody asked for. Nothing happened to any job."));

    private static string Write<T>(string type, DateTimeOffset at, T data) =>
        JsonSerializer.Serialize(new WebhookPayload<T>(type, at.ToUniversalTime(), data), Json);

    /// <summary>The stage that the event names, if it does.</summary>
    private static Stage StageAt(EventRow happened, JobRow job) =>
        happened.Data is { } data && JsonSerializer.Deserialize<Staged>(data, Json)?.Stage is { } stage ? stage : job.Current.Stage;

    /// <summary>The state that the event put the job into. It may have moved on since: then the message must not say what has not happened
    /// yet when it did.</summary>
    private static JobStatus StatusAt(string type, JobRow job) => type switch
    {
        WebhookType.JobSubmitted or WebhookType.JobRetried => JobStatus.Queued,
        WebhookType.JobStarted or WebhookType.JobImportanceMeasured or WebhookType.JobStageSucceeded => JobStatus.Running,
        WebhookType.JobPaused => JobStatus.Paused,
        WebhookType.JobSucceeded => JobStatus.Succeeded,
        WebhookType.JobFailed => JobStatus.Failed,
        WebhookType.JobCancelled => JobStatus.Cancelled,
        _ => job.Status,
    };

    private sealed record Staged(Stage? Stage);
}
