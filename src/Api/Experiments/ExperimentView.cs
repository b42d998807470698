using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Api;

/// <summary>An experiment: a grid of jobs, with their progress as one.</summary>
/// <param name="Id">Unique id; ids increase with creation time.</param>
/// <param name="Name">Name given on creation.</param>
/// <param name="Owner">The owner; absent on a service without API keys.</param>
/// <param name="Status">queued, running, paused, succeeded, failed (at least one job failed) or cancelled (at least one was, and none
/// failed).</param>
/// <param name="Progress">Progress of all jobs, 0 to 1.</param>
/// <param name="SecondsLeft">Estimated seconds until the last job ends, from the jobs that have ended and the jobs that run at a time;
/// absent before the first has ended, and once all have.</param>
/// <param name="Jobs">How many jobs are in which state.</param>
/// <param name="Cost">What the jobs have used of the workers.</param>
/// <param name="Remarks">What of the grid does not apply to which method.</param>
/// <param name="Settings">The request with its preset resolved; submit it again to get the same experiment.</param>
/// <param name="CreatedAt">When it was created.</param>
/// <param name="PausedAt">When it was paused; absent unless it is.</param>
/// <param name="FinishedAt">When its last job ended.</param>
/// <param name="Links">Paths of related resources.</param>
public sealed record ExperimentView(Guid Id, string? Name, string? Owner, JobStatus Status, double Progress, double? SecondsLeft,
    ExperimentJobs Jobs, ExperimentCost Cost, IReadOnlyList<string> Remarks, JsonElement Settings, DateTimeOffset CreatedAt,
    DateTimeOffset? PausedAt, DateTimeOffset? FinishedAt, ExperimentLinks Links);

/// <summary>How many jobs of an experiment are in which state.</summary>
/// <param name="Total">All jobs.</param>
/// <param name="Queued">Jobs that wait: in the queue, for their model or dataset, for room in the experiment, or for the job that
/// measures the same importance.</param>
/// <param name="Running">Jobs that run.</param>
/// <param name="Paused">Jobs that are paused.</param>
/// <param name="Succeeded">Jobs that succeeded.</param>
/// <param name="Failed">Jobs that failed.</param>
/// <param name="Cancelled">Jobs that were cancelled.</param>
/// <param name="Deleted">Jobs that were deleted; they are missing in the results.</param>
public sealed record ExperimentJobs(int Total, int Queued, int Running, int Paused, int Succeeded, int Failed, int Cancelled, int Deleted);

/// <summary>What the jobs of an experiment have used.</summary>
/// <param name="WorkerSeconds">Seconds that workers have spent on its stages, from the first start of each to its end; interruptions
/// count.</param>
/// <param name="WorkerSecondsLeft">The same, estimated for what is left; absent before a job has ended.</param>
/// <param name="ImportanceReused">Importance evaluations that were taken over from another job instead of being measured.</param>
public sealed record ExperimentCost(double WorkerSeconds, double? WorkerSecondsLeft, int ImportanceReused);

/// <summary>Paths of an experiment's related resources.</summary>
/// <param name="Self">The experiment.</param>
/// <param name="Jobs">Its jobs.</param>
/// <param name="Results">Its results.</param>
public sealed record ExperimentLinks(string Self, string Jobs, string Results);

/// <summary>An experiment in a list. Get the experiment for all fields.</summary>
/// <param name="Id">Unique id.</param>
/// <param name="Name">Name given on creation.</param>
/// <param name="Owner">The owner; absent on a service without API keys.</param>
/// <param name="Status">queued, running, paused, succeeded, failed or cancelled.</param>
/// <param name="Progress">Progress of all jobs, 0 to 1.</param>
/// <param name="Jobs">How many jobs are in which state.</param>
/// <param name="CreatedAt">When it was created.</param>
/// <param name="FinishedAt">When its last job ended.</param>
/// <param name="Href">Path of this resource.</param>
public sealed record ExperimentSummary(Guid Id, string? Name, string? Owner, JobStatus Status, double Progress, ExperimentJobs Jobs,
    DateTimeOffset CreatedAt, DateTimeOffset? FinishedAt, string Href);

/// <summary>A page of a list.</summary>
/// <param name="Items">The experiments, newest first.</param>
/// <param name="Next">Cursor of the next page; absent on the last page.</param>
public sealed record ExperimentPage(IReadOnlyList<ExperimentSummary> Items, string? Next);

/// <summary>The jobs that an experiment would have.</summary>
/// <param name="Jobs">How many.</param>
/// <param name="Points">Each job's values on the axes; absent where an axis does not apply.</param>
/// <param name="ImportanceEvaluations">How many importance evaluations are measured; jobs that differ only in what is kept share
/// one.</param>
/// <param name="Remarks">What of the grid does not apply to which method.</param>
/// <param name="Faults">Faults of the request; if there are any, it would be refused.</param>
public sealed record ExperimentPreview(int Jobs, IReadOnlyList<IReadOnlyDictionary<string, string>> Points, int ImportanceEvaluations,
    IReadOnlyList<string> Remarks, IReadOnlyList<Fault> Faults);

/// <summary>The request of an experiment: a grid of jobs, or a preset.</summary>
/// <param name="Name">An optional name of up to 200 characters.</param>
/// <param name="Base">Settings that all jobs have in common: fields of `POST /jobs`.</param>
/// <param name="Grid">The axes, in order; every combination of their values is a job. An axis is a setting by its path with a list of
/// values, such as `"sharing.threshold": [0.8, 0.9]`, or any name with values `{"name": …, "set": {path: value}}`. The axis `training.seed`
/// is that of repetitions. Settings that do not apply to a job's method are left out of it, with a remark.</param>
/// <param name="Baseline">What the others are compared with: a value's name for one or more axes, such as `{"method": "lora"}`.</param>
/// <param name="Preset">A table or figure of the paper, such as `paper/table-1`, instead of `grid`; `GET /experiments/presets` lists
/// them.</param>
/// <param name="Model">With a preset: the base model.</param>
/// <param name="Tasks">With a preset: where the data is, by task, such as `{"glue/rte": "rte"}`.</param>
/// <param name="Seeds">With a preset: the seeds, default 1, 2, 3.</param>
/// <param name="Methods">With a preset: the rows to run, default all.</param>
/// <param name="Parallel">The most jobs that run or wait in the queue at a time, 1 to 256; default no limit.</param>
/// <param name="Priority">Priority of the jobs in the queue; default `low`, so that single jobs do not wait for a grid.</param>
/// <param name="Labels">Labels of every job, besides `experiment`, which is the experiment's id.</param>
public sealed record ExperimentBody(string? Name, JsonElement? Base, JsonElement? Grid, IReadOnlyDictionary<string, string>? Baseline,
    string? Preset, string? Model, IReadOnlyDictionary<string, string>? Tasks, IReadOnlyList<long>? Seeds, IReadOnlyList<string>? Methods,
    int? Parallel, JobPriority? Priority, IReadOnlyDictionary<string, string>? Labels);

/// <summary>Seeds to add to an experiment.</summary>
/// <param name="Seeds">The new seeds.</param>
public sealed record ExperimentExtension(IReadOnlyList<long> Seeds);

/// <summary>The presets of experiments.</summary>
/// <param name="Items">The presets.</param>
public sealed record ExperimentPresetList(IReadOnlyList<ExperimentPresetView> Items);

/// <summary>A preset of an experiment.</summary>
/// <param name="Name">Name for `preset`.</param>
/// <param name="Title">What it shows, and the model that the paper ran it on.</param>
/// <param name="Tasks">The paper's tasks; others may be given.</param>
/// <param name="Rows">What is compared.</param>
public sealed record ExperimentPresetView(string Name, string Title, IReadOnlyList<string> Tasks, IReadOnlyList<string> Rows);
