using LoraDrop.Domain;

namespace LoraDrop.Api;

/// <summary>An estimate of a job's parameters, memory, time and queue position.</summary>
/// <param name="Faults">Faults for which the job would be refused; empty if it would be accepted.</param>
/// <param name="WaitingFor">Inputs that are still being prepared: model, dataset or both. Fields that depend on them are absent.</param>
/// <param name="Settings">The request with all defaults filled in.</param>
/// <param name="Parameters">Trainable parameters; absent until the model is ready.</param>
/// <param name="Stages">Estimates per stage; empty until the dataset is ready.</param>
/// <param name="Seconds">Estimated seconds for all stages, without queueing; absent if unknown for a stage.</param>
/// <param name="Queue">Estimated queue position and waiting time.</param>
/// <param name="Workers">Live workers, and whether each could run the job.</param>
public sealed record EstimateView(
    IReadOnlyList<Fault> Faults, IReadOnlyList<string>? WaitingFor, JobRequest Settings, ParameterEstimate? Parameters,
    IReadOnlyList<StageEstimate> Stages, double? Seconds,
    QueueEstimate Queue, IReadOnlyList<WorkerFit> Workers);

/// <summary>Estimated number of trainable parameters, without the task head.</summary>
/// <param name="Model">Parameters of the frozen model.</param>
/// <param name="Lora">Trainable parameters of ordinary LoRA on the same layers.</param>
/// <param name="Least">Lower bound, whatever the measured importance.</param>
/// <param name="Most">Upper bound.</param>
/// <param name="Kept">Parameters at the given threshold, if another job measured importance with the same model, data and LoRA.</param>
public sealed record ParameterEstimate(long Model, long Lora, long Least, long Most, KeptEstimate? Kept);

/// <summary>An estimate based on importance measured by another job.</summary>
/// <param name="From">The job that measured the importance.</param>
/// <param name="Layers">Layers that would keep their own LoRA, per module type.</param>
/// <param name="Adapter">Adapter parameters, with shared LoRAs counted once.</param>
/// <param name="WithoutShared">Parameters of the kept layers only, as the paper counts.</param>
public sealed record KeptEstimate(Guid From, IReadOnlyDictionary<string, IReadOnlyList<int>> Layers, long Adapter, long WithoutShared);

/// <summary>An estimate for one stage.</summary>
/// <param name="Stage">importance-evaluation or task-adaptation.</param>
/// <param name="Examples">Number of training examples.</param>
/// <param name="Steps">Optimiser steps; early stopping may reduce them.</param>
/// <param name="Tokens">Training tokens over all epochs, without padding; absent until the model is ready.</param>
/// <param name="TokensFrom">How the token count was estimated.</param>
/// <param name="MemoryGiB">Memory on a CPU in GiB; a GPU needs considerably less. Absent until the model is ready.</param>
/// <param name="Seconds">Estimated duration in seconds; absent if no comparable stage has run.</param>
/// <param name="SecondsFrom">How the duration was estimated, or why it is absent.</param>
public sealed record StageEstimate(Stage Stage, int Examples, int Steps, long? Tokens, string? TokensFrom, double? MemoryGiB,
    double? Seconds, string SecondsFrom);

/// <summary>An estimate of the waiting time in the queue.</summary>
/// <param name="Position">Position in the queue; 1 is next.</param>
/// <param name="Seconds">Estimated waiting time in seconds; absent if unknown.</param>
/// <param name="SecondsFrom">How the waiting time was estimated, or why it is absent.</param>
public sealed record QueueEstimate(int Position, double? Seconds, string SecondsFrom);

/// <summary>Whether a worker could run the job.</summary>
/// <param name="Id">Id of the worker.</param>
/// <param name="Device">The device it computes on.</param>
/// <param name="MemoryGiB">Memory available to a stage, in GiB.</param>
/// <param name="Fits">Whether the worker could run the job.</param>
/// <param name="Why">Why the worker could not run the job; absent if it could.</param>
public sealed record WorkerFit(string Id, string Device, double MemoryGiB, bool Fits, string? Why);
