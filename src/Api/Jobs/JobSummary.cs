using LoraDrop.Domain;

namespace LoraDrop.Api;

/// <summary>A job in a list. Get the job for all fields.</summary>
/// <param name="Id">Unique id.</param>
/// <param name="Name">Name given on creation.</param>
/// <param name="Status">queued, running, succeeded, failed or cancelled.</param>
/// <param name="Stage">The current stage; for an ended job, the stage in which it ended.</param>
/// <param name="Progress">Progress of the whole job, 0 to 1.</param>
/// <param name="Method">lora-drop or lora.</param>
/// <param name="Model">The base model, without digest.</param>
/// <param name="Dataset">The dataset, without digest.</param>
/// <param name="Score">The primary score; absent until the job has succeeded.</param>
/// <param name="Error">Why the job failed, without faults.</param>
/// <param name="Labels">Labels for filtering.</param>
/// <param name="CreatedAt">When the job was created.</param>
/// <param name="StartedAt">When a worker first started it.</param>
/// <param name="FinishedAt">When it ended.</param>
/// <param name="DeletedAt">When it was deleted.</param>
/// <param name="Owner">The owner; absent on a service without API keys.</param>
/// <param name="SecondsLeft">Estimated seconds left for the current stage; absent unless it is running.</param>
/// <param name="Metric">The metric that selects the best checkpoint; absent until it is measured.</param>
/// <param name="Href">Path of this resource.</param>
public sealed record JobSummary(
    Guid Id, string? Name, JobStatus Status, Stage Stage, double Progress, Method Method, InputReference Model,
    InputReference Dataset, double? Score,
    FailureView? Error, IReadOnlyDictionary<string, string> Labels, DateTimeOffset CreatedAt, DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt, DateTimeOffset? DeletedAt, string? Owner, double? SecondsLeft, MetricView? Metric, string Href);

/// <summary>A page of a list.</summary>
/// <param name="Items">The matching jobs, newest first.</param>
/// <param name="Next">Cursor of the next page; absent on the last page.</param>
public sealed record JobPage(IReadOnlyList<JobSummary> Items, string? Next);
