using LoraDrop.Domain;

namespace LoraDrop.Api;

/// <summary>A job in a list: enough to choose one. Its own page has the rest.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">The name that its author gave it.</param>
/// <param name="Status">queued, running, succeeded, failed or cancelled.</param>
/// <param name="Stage">The stage it is in; when it has ended, the one in which it did.</param>
/// <param name="Progress">How much of the whole job is done, 0 to 1.</param>
/// <param name="Method">lora-drop or lora.</param>
/// <param name="Model">The base model, without its digest.</param>
/// <param name="Dataset">The data, without its digest.</param>
/// <param name="Score">The primary score, once it has succeeded.</param>
/// <param name="Error">Why it failed, without the faults.</param>
/// <param name="Labels">Names and values for finding it again.</param>
/// <param name="CreatedAt">When it was submitted.</param>
/// <param name="StartedAt">When a worker first took it up.</param>
/// <param name="FinishedAt">When it ended.</param>
/// <param name="DeletedAt">When it was deleted.</param>
/// <param name="Owner">Whose it is; absent on a service without keys.</param>
/// <param name="Href">Its own page.</param>
public sealed record JobSummary(
    Guid Id, string? Name, JobStatus Status, Stage Stage, double Progress, TuningMethod Method, InputReference Model, InputReference Dataset, double? Score,
    FailureView? Error, IReadOnlyDictionary<string, string> Labels, DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt, DateTimeOffset? DeletedAt, string? Owner, string Href);

/// <summary>A part of a list.</summary>
/// <param name="Items">What was found.</param>
/// <param name="Next">Where the list goes on; absent at its end. The header Link says the same.</param>
public sealed record JobPage(IReadOnlyList<JobSummary> Items, string? Next);
