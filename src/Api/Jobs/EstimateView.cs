using LoraDrop.Domain;

namespace LoraDrop.Api;

/// <summary>What a job would take, were it submitted now. Nothing is stored, fetched or queued.</summary>
/// <param name="Faults">Everything that would refuse it; none where it would be taken in.</param>
/// <param name="WaitingFor">model, dataset or both, where they are not fetched and read yet: what depends on them is absent.</param>
/// <param name="Settings">The request with every default filled in.</param>
/// <param name="Parameters">What it would train; absent while the model is not known.</param>
/// <param name="Stages">Its stages; empty while the dataset is not known.</param>
/// <param name="Seconds">For all stages, without waiting; absent where one is not known.</param>
/// <param name="Queue">When its turn would come.</param>
/// <param name="Workers">The workers that live, and which of them could take it.</param>
public sealed record EstimateView(
    IReadOnlyList<Fault> Faults, IReadOnlyList<string>? WaitingFor, JobRequest Settings, ParameterEstimate? Parameters, IReadOnlyList<StageEstimate> Stages, double? Seconds,
    QueueEstimate Queue, IReadOnlyList<WorkerFit> Workers);

/// <summary>How many numbers would be trained; the head of the task comes besides.</summary>
/// <param name="Model">Parameters of the frozen model.</param>
/// <param name="Lora">What ordinary LoRA would train on the same layers.</param>
/// <param name="Least">The fewest, whatever the importance turns out to be.</param>
/// <param name="Most">The most.</param>
/// <param name="Kept">What the threshold would keep, where the importance is known from another job with the same model, data and LoRA.</param>
public sealed record ParameterEstimate(long Model, long Lora, long Least, long Most, KeptEstimate? Kept);

/// <summary>What would be kept, by an importance that was measured before.</summary>
/// <param name="From">The job that measured it.</param>
/// <param name="Layers">Per module type, the layers that would keep a LoRA of their own.</param>
/// <param name="Adapter">Adapter parameters, shared ones counted once.</param>
/// <param name="WithoutShared">Those of the kept layers alone, as the paper counts.</param>
public sealed record KeptEstimate(Guid From, IReadOnlyDictionary<string, IReadOnlyList<int>> Layers, long Adapter, long WithoutShared);

/// <summary>What a stage would take.</summary>
/// <param name="Stage">importance-evaluation or task-adaptation.</param>
/// <param name="Examples">Examples that it trains on.</param>
/// <param name="Steps">Optimiser steps; early stopping may end it sooner.</param>
/// <param name="Tokens">Tokens that it trains on in all its passes, padding left out; absent while the model is not known.</param>
/// <param name="TokensFrom">How the tokens were worked out.</param>
/// <param name="MemoryGiB">GiB of memory on a CPU; on a GPU it takes a good deal less. Absent while the model is not known.</param>
/// <param name="Seconds">How long it takes; absent where nothing comparable has run.</param>
/// <param name="SecondsFrom">How the time was worked out, or why it is absent.</param>
public sealed record StageEstimate(Stage Stage, int Examples, int Steps, long? Tokens, string? TokensFrom, double? MemoryGiB, double? Seconds, string SecondsFrom);

/// <summary>When its turn would come.</summary>
/// <param name="Position">1 would be taken next.</param>
/// <param name="Seconds">How long it would wait; absent where nobody can tell.</param>
/// <param name="SecondsFrom">How that was worked out, or why it is absent.</param>
public sealed record QueueEstimate(int Position, double? Seconds, string SecondsFrom);

/// <summary>Whether a worker could take it.</summary>
/// <param name="Id">The worker.</param>
/// <param name="Device">What it computes on.</param>
/// <param name="MemoryGiB">GiB of memory that a stage can have on it.</param>
/// <param name="Fits">Whether it could.</param>
/// <param name="Why">Why it could not.</param>
public sealed record WorkerFit(string Id, string Device, double MemoryGiB, bool Fits, string? Why);
