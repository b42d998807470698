using LoraDrop.Domain;

namespace LoraDrop.Api;

/// <summary>A job: what was asked for, how far it is, and what came of it.</summary>
/// <param name="Id">Its id; ids grow with the time of creation.</param>
/// <param name="Name">The name that its author gave it.</param>
/// <param name="Owner">Whose it is; absent on a service without keys.</param>
/// <param name="Status">queued, running, paused, succeeded, failed or cancelled.</param>
/// <param name="Stage">The stage it is in; when it has ended, the one in which it did.</param>
/// <param name="Progress">How much of the whole job is done, 0 to 1. Importance evaluation counts as a tenth.</param>
/// <param name="SecondsLeft">An estimate for the whole job while it runs.</param>
/// <param name="QueuePosition">1 is taken next. Of equal priority, task adaptation is taken before importance evaluation: what is half done comes first.</param>
/// <param name="WaitingFor">model, dataset or both, while they are fetched and validated.</param>
/// <param name="Method">lora-drop, or lora to compare with.</param>
/// <param name="Model">The base model.</param>
/// <param name="Dataset">The data.</param>
/// <param name="Settings">The request with every default filled in; sent again, it asks for the same job.</param>
/// <param name="Stages">Importance evaluation, unless the method is lora, and task adaptation.</param>
/// <param name="Result">What came of it, once it has succeeded.</param>
/// <param name="Error">Why it failed.</param>
/// <param name="Labels">Names and values for finding it again.</param>
/// <param name="Version">The version of the service that took the job.</param>
/// <param name="ClonedFrom">The job whose settings it took over; that one may be gone.</param>
/// <param name="CreatedAt">When it was submitted.</param>
/// <param name="StartedAt">When a worker first took it up.</param>
/// <param name="FinishedAt">When it ended.</param>
/// <param name="CancelRequestedAt">When a person asked it to stop.</param>
/// <param name="PauseRequestedAt">When a person asked it to wait; absent once it is paused.</param>
/// <param name="Links">Where more is told about it.</param>
public sealed record JobView(
    Guid Id, string? Name, string? Owner, JobStatus Status, Stage Stage, double Progress, double? SecondsLeft, int? QueuePosition, IReadOnlyList<string>? WaitingFor,
    TuningMethod Method, InputReference Model, InputReference Dataset, JobRequest Settings, IReadOnlyList<StageView> Stages, ResultView? Result, FailureView? Error,
    IReadOnlyDictionary<string, string> Labels, string Version, Guid? ClonedFrom, DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt,
    DateTimeOffset? CancelRequestedAt, DateTimeOffset? PauseRequestedAt, JobLinks Links);

/// <summary>A model or a dataset that a job uses.</summary>
/// <param name="Id">Its id, under which it stays to be found when its name is deleted.</param>
/// <param name="Name">The name it is registered under, or was.</param>
/// <param name="Source">Where it comes from: <c>hf:…</c>, <c>file:…</c>, <c>s3://…</c> or <c>upload</c>.</param>
/// <param name="Sha256">The digest of its files, once they are here.</param>
public sealed record InputReference(Guid Id, string? Name, string Source, string? Sha256);

/// <summary>A stage of a job.</summary>
/// <param name="Stage">importance-evaluation or task-adaptation.</param>
/// <param name="Status">waiting (for the stage before it, the model or the dataset), queued, running, paused, succeeded, failed or cancelled.</param>
/// <param name="Attempt">How often a worker took it up.</param>
/// <param name="Interruptions">Attempts that ended without anybody's fault; the next went on from the last checkpoint.</param>
/// <param name="Failures">Attempts that failed through no fault of the job's and were tried again.</param>
/// <param name="Worker">The worker that has it.</param>
/// <param name="Progress">How much of it is done, 0 to 1.</param>
/// <param name="Step">Optimiser steps done.</param>
/// <param name="Steps">Of how many; 0 while not known.</param>
/// <param name="Epoch">Passes over the data so far.</param>
/// <param name="Loss">The loss of the last step that was reported.</param>
/// <param name="LearningRate">The learning rate of that step.</param>
/// <param name="TokensPerSecond">The speed, padding left out.</param>
/// <param name="SecondsLeft">An estimate, while it runs.</param>
/// <param name="Metric">The metric that picks the best evaluation.</param>
/// <param name="Parameters">How many numbers the stage trains.</param>
/// <param name="QueuedAt">When it became ready to be taken.</param>
/// <param name="StartedAt">When a worker first took it up.</param>
/// <param name="FinishedAt">When it ended.</param>
/// <param name="ReusedFrom">The job whose importance was taken over, because the same was measured before or was asked for.</param>
public sealed record StageView(
    Stage Stage, JobStatus Status, int Attempt, int Interruptions, int Failures, string? Worker, double Progress, int Step, int Steps, double? Epoch, double? Loss, double? LearningRate,
    double? TokensPerSecond, double? SecondsLeft, MetricView? Metric, ParameterCounts? Parameters, DateTimeOffset? QueuedAt, DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt, Guid? ReusedFrom);

/// <summary>The metric that picks the best evaluation.</summary>
/// <param name="Name">Such as accuracy.</param>
/// <param name="Value">Of the latest evaluation.</param>
/// <param name="Best">Of the best one.</param>
/// <param name="BestStep">The step of the best one, whose numbers the adapter will hold.</param>
public sealed record MetricView(string Name, double? Value, double? Best, int? BestStep);

/// <summary>What came of a job.</summary>
/// <param name="Scores">The figures of the best evaluation on the validation split, by name.</param>
/// <param name="Primary">The name of the figure that counts.</param>
/// <param name="Test">The figures on the test split, if there is one.</param>
/// <param name="Parameters">How many numbers were trained.</param>
/// <param name="LoraParameters">How many ordinary LoRA would have trained, head left out.</param>
/// <param name="Kept">Per module type, the layers that kept a LoRA of their own.</param>
/// <param name="BestStep">The step whose numbers the adapter holds.</param>
/// <param name="Generated">What generated answers scored, where the task generates any.</param>
public sealed record ResultView(
    IReadOnlyDictionary<string, double> Scores, string Primary, IReadOnlyDictionary<string, double>? Test, ParameterCounts Parameters, long LoraParameters,
    IReadOnlyDictionary<string, IReadOnlyList<int>> Kept, int BestStep, GeneratedView? Generated);

/// <summary>What the answers to a split's prompts scored; <c>answers.jsonl</c> among the artifacts has them.</summary>
/// <param name="Split"><c>test</c>, or <c>validation</c> where there is none.</param>
/// <param name="Prompts">How many were answered.</param>
/// <param name="Scores">The figures by name.</param>
/// <param name="Primary">The name of the figure that counts.</param>
public sealed record GeneratedView(string Split, int Prompts, IReadOnlyDictionary<string, double> Scores, string Primary);

/// <summary>Why a job, a model or a dataset failed.</summary>
/// <param name="Code">A stable code, for scripts; docs/api lists all.</param>
/// <param name="Message">What happened and what to do, for a person.</param>
/// <param name="Faults">Where the input is at fault: each place.</param>
public sealed record FailureView(string Code, string Message, IReadOnlyList<Fault>? Faults);

/// <summary>Where more is told about a job.</summary>
/// <param name="Self">The job.</param>
/// <param name="Importance">What each layer contributes.</param>
/// <param name="Metrics">Its curves.</param>
/// <param name="Events">What happened to it.</param>
/// <param name="Stream">The same as it happens, as server-sent events.</param>
/// <param name="Checkpoints">Points from which it can go on.</param>
/// <param name="Artifacts">Its files.</param>
public sealed record JobLinks(string Self, string? Importance, string Metrics, string Events, string Stream, string Checkpoints, string Artifacts);
