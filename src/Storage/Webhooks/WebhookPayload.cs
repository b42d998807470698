using System.Text.Json;
using System.Text.Json.Serialization;
using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>The body of a delivery: the event, its time, and enough of the job to act on. The job's own page has the rest.</summary>
/// <param name="Type">One of <see cref="WebhookType"/>.</param>
/// <param name="Timestamp">The time of the event.</param>
/// <param name="Data">The job, or the webhook that is tested.</param>
public sealed record WebhookPayload<T>(string Type, DateTimeOffset Timestamp, T Data);

/// <summary>The job in a delivery.</summary>
/// <param name="Id">The job's id.</param>
/// <param name="Name">The name that its author gave it.</param>
/// <param name="Status">The status at the time of the event.</param>
/// <param name="Stage">The job's stage; after its end, the one in which it ended.</param>
/// <param name="Method">The name of the tuning method, such as <c>lora-drop</c>.</param>
/// <param name="Message">What happened, for people.</param>
/// <param name="Score">The primary score of a job that succeeded.</param>
/// <param name="Error">Why the job failed.</param>
/// <param name="Labels">The labels that its author gave it.</param>
/// <param name="Href">The job's page at the service.</param>
public sealed record WebhookJob(
    Guid Id, string? Name, JobStatus Status, Stage Stage, Method Method, string Message, double? Score, WebhookJobError? Error,
    IReadOnlyDictionary<string, string> Labels, string Href);

/// <summary>Why a job failed.</summary>
/// <param name="Code">One of <see cref="FailureCode"/>; absent if the job was retried before this was sent.</param>
/// <param name="Message">For a person.</param>
public sealed record WebhookJobError(string? Code, string Message);

/// <summary>The experiment in a delivery.</summary>
/// <param name="Id">The experiment's id.</param>
/// <param name="Name">The name that its author gave it.</param>
/// <param name="Message">What happened, for people.</param>
/// <param name="Jobs">How many jobs it has.</param>
/// <param name="Succeeded">How many of them succeeded.</param>
/// <param name="Href">The experiment at the service.</param>
public sealed record WebhookExperiment(Guid Id, string? Name, string Message, int Jobs, int Succeeded, string Href);

/// <summary>The data of a test delivery.</summary>
/// <param name="Webhook">The webhook that is tested.</param>
/// <param name="Message">For a person.</param>
public sealed record WebhookTest(Guid Webhook, string Message);

/// <summary>Creates the bodies of deliveries.</summary>
internal static class WebhookBody
{
    private static readonly JsonSerializerOptions Json =
        new(JsonText.Compact) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    public static string Of(EventRow happened, string type, JobRow job)
    {
        if (type is WebhookType.ExperimentFinished)
        {
            var of = JsonSerializer.Deserialize<ExperimentEnd>(happened.Data!, Json)!;
            return Write(type, happened.At, new WebhookExperiment(of.Experiment, of.Name, happened.Message, of.Jobs, of.Succeeded,
                $"/experiments/{of.Experiment}"));
        }
        var ended = type is WebhookType.JobSucceeded;
        var error = type is WebhookType.JobFailed ? new WebhookJobError(job.Failure?.Code, happened.Message) : null;
        return Write(type, happened.At, new WebhookJob(
            job.Id, job.Name, StatusAt(type, job), StageAt(happened, job), job.Method, happened.Message, ended && job.Score is { } score
            && double.IsFinite(score) ? score : null, error,
            new SortedDictionary<string, string>(job.Labels.ToDictionary(label => label.Name, label => label.Value),
            StringComparer.Ordinal), $"/jobs/{job.Id}"));
    }

    public static string OfTest(WebhookRow webhook, DateTimeOffset now) =>
        Write(WebhookType.Test, now, new WebhookTest(webhook.Id, "A test that somebody asked for. Nothing happened to any job."));

    private static string Write<T>(string type, DateTimeOffset at, T data) =>
        JsonSerializer.Serialize(new WebhookPayload<T>(type, at.ToUniversalTime(), data), Json);

    /// <summary>The stage in the event's data; else the job's current one.</summary>
    private static Stage StageAt(EventRow happened, JobRow job) =>
        happened.Data is { } data && JsonSerializer.Deserialize<Staged>(data, Json)?.Stage is { } stage ? stage : job.Current.Stage;

    /// <summary>The job's status right after the event. The row's may be newer, and the message must not report what had not happened
    /// yet.</summary>
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
