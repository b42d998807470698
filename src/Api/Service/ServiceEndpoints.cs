using LoraDrop.Domain;
using LoraDrop.Hosting;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>Endpoints for presets, workers, health and the caller.</summary>
internal static class ServiceEndpoints
{
    public static void MapService(this IEndpointRouteBuilder routes)
    {
        var service = routes.MapGroup("").WithTags("Service");
        service.MapGet("/presets", Presets).WithName("listPresets").WithSummary("List task presets.")
            .WithDescription("A preset fills in settings omitted in a job's `task` and `training`. If it has several choices of "
            + "columns, the first that the files contain is used.")
            .Refuses();
        service.MapGet("/methods", () => TypedResults.Ok(new MethodList([.. Methods.All.Select(MethodView.Of)]))).WithName("listMethods")
            .WithSummary("List tuning methods.")
            .WithDescription("Each with the section of a job that holds its settings, their defaults, and what a finished job leaves for "
            + "other software.")
            .Refuses();
        service.MapGet("/workers", Workers).WithName("listWorkers").WithSummary("List live workers.")
            .WithDescription("Running stages are included for jobs the caller can see.").Refuses();
        service.MapGet("/health/live", Live).WithName("live").WithSummary("Check liveness.").DisableHttpMetrics().AllowsAnonymous()
            .Refuses();
        service.MapGet("/health/ready", Ready).WithName("ready").WithSummary("Check readiness.")
            .WithDescription("Checks that the database responds and the object store is writable. The reason for a failed check "
            + "is in the log; the response includes it only if no API key is required.")
            .DisableHttpMetrics().AllowsAnonymous().Refuses(ProblemKind.NotReady);
        service.MapGet("/me", Me).WithName("whoAmI").WithSummary("Get the caller's role, owner and limits.").Refuses();
    }

    private static async Task<Ok<CallerView>> Me(Caller caller, JobQuota quota, ApiOptions options, CancellationToken cancel) =>
        TypedResults.Ok(new CallerView(
        caller.Name, caller.Role, Views.Owner(caller.Owner), options.IsOpen ? null : caller.RequestsPerMinute ?? options.RequestsPerMinute,
        await quota.ActiveAsync(cancel), quota.Most));

    private static Ok<PresetList> Presets() => TypedResults.Ok(new PresetList(TaskPreset.All));

    private static async Task<Ok<WorkerList>> Workers(JobsContext db, LiveWorkers living, Caller caller, CancellationToken cancel)
    {
        var workers = await living.AllAsync(cancel);
        var seen = db.Jobs.SeenBy(caller);
        var running = await db.Stages.AsNoTracking().Where(s => s.Status == JobStatus.Running && seen.Any(j => j.Id == s.JobId))
            .ToListAsync(cancel);
        return TypedResults.Ok(
            new WorkerList([.. workers.Select(worker => WorkerView.Of(worker, running.Where(s => s.LeaseOwner == worker.Id)))]));
    }

    private static Ok<HealthView> Live() => TypedResults.Ok(new HealthView("live", new Dictionary<string, string>()));

    private static async Task<Results<Ok<HealthView>, ProblemHttpResult>> Ready(ReadyChecks ready, ApiOptions options,
        CancellationToken cancel)
    {
        var checks = await ready.RunAsync(cancel);
        if (!options.IsOpen)
            // unauthenticated callers must not see details
            checks = checks.ToDictionary(check => check.Key, check => check.Value == ReadyChecks.Ok ? check.Value : "failed");
        if (checks.Values.All(state => state == ReadyChecks.Ok)) return TypedResults.Ok(new HealthView("ready", checks));
        var problem = Problems.Of(ProblemKind.NotReady,
            string.Join("; ", checks.Where(check => check.Value != ReadyChecks.Ok).Select(check => $"{check.Key} {check.Value}")) + ".");
        problem.ProblemDetails.Extensions["checks"] = checks;
        return problem;
    }
}

/// <summary>The health of the service.</summary>
/// <param name="Status">live or ready.</param>
/// <param name="Checks">Checks by name, each ok or the reason for its failure.</param>
public sealed record HealthView(string Status, IReadOnlyDictionary<string, string> Checks);

/// <summary>The caller with its role and limits.</summary>
/// <param name="Name">Prefix of the API key, or the name in the token.</param>
/// <param name="Role">read, submit or admin.</param>
/// <param name="Owner">Owner of everything the caller creates; absent on a service without API keys.</param>
/// <param name="RequestsPerMinute">Rate limit; absent if there is none.</param>
/// <param name="ActiveJobs">Number of the owner's queued, running and paused jobs.</param>
/// <param name="MostActiveJobs">Limit of active jobs; absent if there is none.</param>
public sealed record CallerView(string Name, Role Role, string? Owner, int? RequestsPerMinute, int ActiveJobs, int? MostActiveJobs);

/// <summary>A list of task presets.</summary>
/// <param name="Items">The presets with columns, labels, metric and training.</param>
public sealed record PresetList(IReadOnlyList<TaskPreset> Items);

/// <summary>A list of workers.</summary>
/// <param name="Items">Ordered by start time.</param>
public sealed record WorkerList(IReadOnlyList<WorkerView> Items);

/// <summary>A worker process that runs stages.</summary>
/// <param name="Id">Id made of host and process, new at every start.</param>
/// <param name="Host">Host name.</param>
/// <param name="Version">Version of the worker.</param>
/// <param name="Device">The device it computes on.</param>
/// <param name="Slots">Number of stages it runs concurrently.</param>
/// <param name="Labels">Labels that jobs can require.</param>
/// <param name="MemoryGiB">Memory available to a stage, in GiB.</param>
/// <param name="Stopping">Whether it is shutting down and takes no more stages.</param>
/// <param name="StartedAt">When it started.</param>
/// <param name="HeartbeatAt">Time of the last heartbeat.</param>
/// <param name="Running">Stages it is running.</param>
public sealed record WorkerView(
    string Id, string Host, string Version, string Device, int Slots, IReadOnlyDictionary<string, string> Labels, double MemoryGiB,
    bool Stopping, DateTimeOffset StartedAt, DateTimeOffset HeartbeatAt, IReadOnlyList<RunningView> Running)
{
    internal static WorkerView Of(WorkerRow row, IEnumerable<StageRow> running) => new(
        row.Id, row.Host, row.Version, row.Device, row.Slots, row.Labels, Math.Round(row.Memory / (double)(1L << 30), 1), row.Stopping,
        row.StartedAt, row.HeartbeatAt, [.. running.Select(s => new RunningView(s.JobId, s.Stage, s.LeasedAt))]);
}

/// <summary>A stage that a worker is running.</summary>
/// <param name="Job">Id of the job.</param>
/// <param name="Stage">The stage.</param>
/// <param name="Since">When this worker started it.</param>
public sealed record RunningView(Guid Job, Stage Stage, DateTimeOffset? Since);
