using LoraDrop.Domain;

namespace LoraDrop.Api;

/// <summary>A job with its settings, progress and result.</summary>
/// <param name="Id">Unique id; ids increase with creation time.</param>
/// <param name="Name">Name given on creation.</param>
/// <param name="Owner">The owner; absent on a service without API keys.</param>
/// <param name="Status">queued, running, paused, succeeded, failed or cancelled.</param>
/// <param name="Stage">The current stage; for an ended job, the stage in which it ended.</param>
/// <param name="Progress">Progress of the whole job, 0 to 1. Importance evaluation counts as 0.1.</param>
/// <param name="SecondsLeft">Estimated seconds left for the whole job; absent unless it is running.</param>
/// <param name="QueuePosition">Position in the queue; 1 is next. At equal priority, task adaptation precedes importance evaluation, so that
/// started jobs finish first.</param>
/// <param name="WaitingFor">What the job is waiting for: model or dataset while they are fetched and validated; experiment while that has
/// no room for it, or another of its jobs measures the importance that both need.</param>
/// <param name="Method">lora-drop, or lora as a baseline.</param>
/// <param name="Model">The base model.</param>
/// <param name="Dataset">The dataset.</param>
/// <param name="Settings">The request with all defaults filled in; submit it again to get the same job.</param>
/// <param name="Stages">Importance evaluation, unless the method is lora, and task adaptation.</param>
/// <param name="Result">The result; absent until the job has succeeded.</param>
/// <param name="Error">Why it failed; absent otherwise.</param>
/// <param name="Labels">Labels for filtering.</param>
/// <param name="Version">Version of the service that created the job.</param>
/// <param name="ClonedFrom">The job it was cloned from, which may have been deleted.</param>
/// <param name="CreatedAt">When the job was created.</param>
/// <param name="StartedAt">When a worker first started it.</param>
/// <param name="FinishedAt">When it ended.</param>
/// <param name="CancelRequestedAt">When cancellation was requested.</param>
/// <param name="PauseRequestedAt">When a pause was requested; absent once the job is paused.</param>
/// <param name="Links">Paths of related resources.</param>
public sealed record JobView(
    Guid Id, string? Name, string? Owner, JobStatus Status, Stage Stage, double Progress, double? SecondsLeft, int? QueuePosition,
    IReadOnlyList<string>? WaitingFor,
    Method Method, InputReference Model, InputReference Dataset, JobRequest Settings, IReadOnlyList<StageView> Stages,
    ResultView? Result, FailureView? Error,
    IReadOnlyDictionary<string, string> Labels, string Version, Guid? ClonedFrom, DateTimeOffset CreatedAt, DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt,
    DateTimeOffset? CancelRequestedAt, DateTimeOffset? PauseRequestedAt, JobLinks Links);

/// <summary>A model or dataset used by a job.</summary>
/// <param name="Id">Unique id, which stays valid after its name is deleted.</param>
/// <param name="Name">The registered name, or the former name after deletion.</param>
/// <param name="Source">Its source: <c>hf:…</c>, <c>file:…</c>, <c>s3://…</c> or <c>upload</c>.</param>
/// <param name="Sha256">SHA-256 digest of its files; absent until they are fetched.</param>
public sealed record InputReference(Guid Id, string? Name, string Source, string? Sha256);

/// <summary>A stage of a job.</summary>
/// <param name="Stage">importance-evaluation or task-adaptation.</param>
/// <param name="Status">waiting (for the stage before it, the model or the dataset), queued, running, paused, succeeded, failed or
/// cancelled.</param>
/// <param name="Attempt">Number of times a worker started it.</param>
/// <param name="Interruptions">Number of interrupted attempts; the next attempt resumed from the last checkpoint.</param>
/// <param name="Failures">Number of attempts that failed for reasons outside the job and were retried.</param>
/// <param name="Worker">The worker that is running it.</param>
/// <param name="Progress">Progress of the stage, 0 to 1.</param>
/// <param name="Step">Completed optimiser steps.</param>
/// <param name="Steps">Total optimiser steps of the stage; 0 if not known yet.</param>
/// <param name="Epoch">Completed epochs, as a fraction.</param>
/// <param name="Loss">Loss of the last reported step.</param>
/// <param name="LearningRate">Learning rate of the last reported step.</param>
/// <param name="TokensPerSecond">Training speed in tokens per second, without padding.</param>
/// <param name="SecondsLeft">Estimated seconds left for the stage; absent unless it is running.</param>
/// <param name="Metric">The metric that selects the best checkpoint.</param>
/// <param name="Parameters">Number of parameters the stage trains.</param>
/// <param name="QueuedAt">When it was queued.</param>
/// <param name="StartedAt">When a worker first started it.</param>
/// <param name="FinishedAt">When it ended.</param>
/// <param name="ReusedFrom">The job whose importance was reused, because it was requested or measured with the same settings.</param>
public sealed record StageView(
    Stage Stage, JobStatus Status, int Attempt, int Interruptions, int Failures, string? Worker, double Progress, int Step, int Steps,
    double? Epoch, double? Loss, double? LearningRate,
    double? TokensPerSecond, double? SecondsLeft, MetricView? Metric, ParameterCounts? Parameters, DateTimeOffset? QueuedAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt, Guid? ReusedFrom);

/// <summary>The metric that selects the best checkpoint.</summary>
/// <param name="Name">Name, such as accuracy.</param>
/// <param name="Value">Value at the latest evaluation.</param>
/// <param name="Best">Best value so far.</param>
/// <param name="BestStep">Step of the best value; the adapter is saved from this step.</param>
public sealed record MetricView(string Name, double? Value, double? Best, int? BestStep);

/// <summary>The result of a job.</summary>
/// <param name="Scores">Scores of the best evaluation on the validation split, by name.</param>
/// <param name="Primary">Name of the primary score.</param>
/// <param name="Test">Scores on the test split, if there is one.</param>
/// <param name="Parameters">Number of trained parameters.</param>
/// <param name="LoraParameters">Number of parameters ordinary LoRA would have trained, without the head.</param>
/// <param name="Kept">Layers that kept their own LoRA, per module type.</param>
/// <param name="BestStep">The step from which the adapter was saved.</param>
/// <param name="Generated">Scores of generated text; absent unless the task generates text.</param>
public sealed record ResultView(
    IReadOnlyDictionary<string, double> Scores, string Primary, IReadOnlyDictionary<string, double>? Test, ParameterCounts Parameters,
    long LoraParameters,
    IReadOnlyDictionary<string, IReadOnlyList<int>> Kept, int BestStep, GeneratedView? Generated);

/// <summary>Scores of text generated for a split's prompts; the artifact <c>answers.jsonl</c> contains the text.</summary>
/// <param name="Split"><c>test</c>, or <c>validation</c> if there is no test split.</param>
/// <param name="Prompts">Number of prompts.</param>
/// <param name="Scores">Scores by name.</param>
/// <param name="Primary">Name of the primary score.</param>
public sealed record GeneratedView(string Split, int Prompts, IReadOnlyDictionary<string, double> Scores, string Primary);

/// <summary>Why a job, model or dataset failed.</summary>
/// <param name="Code">A stable, machine-readable code; see docs/api/README.md.</param>
/// <param name="Message">What went wrong and how to fix it.</param>
/// <param name="Faults">Each fault in the input, with its path.</param>
public sealed record FailureView(string Code, string Message, IReadOnlyList<Fault>? Faults);

/// <summary>Paths of a job's related resources.</summary>
/// <param name="Self">The job.</param>
/// <param name="Importance">Importance of each layer.</param>
/// <param name="Metrics">Metrics over the steps.</param>
/// <param name="Events">Events.</param>
/// <param name="Stream">Events as a stream of server-sent events.</param>
/// <param name="Checkpoints">Checkpoints.</param>
/// <param name="Artifacts">Artifacts.</param>
/// <param name="Evaluations">Evaluations on other datasets.</param>
public sealed record JobLinks(string Self, string? Importance, string Metrics, string Events, string Stream, string Checkpoints,
    string Artifacts, string Evaluations);
