using LoraDrop.Domain;
using LoraDrop.Hosting;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>The service itself: known tasks, workers, health.</summary>
internal static class ServiceEndpoints
{
    public static void MapService(this IEndpointRouteBuilder routes)
    {
        var service = routes.MapGroup("").WithTags("Service");
        service.MapGet("/presets", Presets).WithName("listPresets").WithSummary("List the tasks that are known by name.")
            .WithDescription("A preset fills in what `task` and `training` of a job leave out. Of its columns the first choice is taken that the files have.")
            .Refuses();
        service.MapGet("/workers", Workers).WithName("listWorkers").WithSummary("List the workers that live, and what they do.").WithDescription("Of what they do, each caller is told of jobs that it sees.").Refuses();
        service.MapGet("/health/live", Live).WithName("live").WithSummary("Whether the process answers.").DisableHttpMetrics().NeedsNobody().Refuses();
        service.MapGet("/health/ready", Ready).WithName("ready").WithSummary("Whether the service can work: its database answers, and its objects can be written.")
            .WithDescription("Why a check fails stands in the log, and in the answer where the service is open to its own machine only.")
            .DisableHttpMetrics().NeedsNobody().Refuses(ProblemKind.NotReady);
        service.MapGet("/me", Me).WithName("whoAmI").WithSummary("See who you are to the service: role, owner, limits.").Refuses();
        routes.MapGet("/", () => TypedResults.Redirect("swagger")).ExcludeFromDescription();
    }

    private static async Task<Ok<CallerView>> Me(Caller caller, JobQuota quota, ApiOptions options, CancellationToken cancel) => TypedResults.Ok(new CallerView(
        caller.Name, caller.Role, Views.Owner(caller.Owner), options.IsOpen ? null : caller.RequestsPerMinute ?? options.RequestsPerMinute, await quota.ActiveAsync(cancel), quota.Most));

    private static Ok<PresetList> Presets() => TypedResults.Ok(new PresetList(TaskPreset.All));

    private static async Task<Ok<WorkerList>> Workers(JobsContext db, LiveWorkers living, Caller caller, CancellationToken cancel)
    {
        var workers = await living.AllAsync(cancel);
        var seen = db.Jobs.SeenBy(caller);
        var running = await db.Stages.AsNoTracking().Where(s => s.Status == JobStatus.Running && seen.Any(j => j.Id == s.JobId)).ToListAsync(cancel);
        return TypedResults.Ok(new WorkerList([.. workers.Select(worker => WorkerView.Of(worker, running.Where(s => s.LeaseOwner == worker.Id)))]));
    }

    private static Ok<HealthView> Live() => TypedResults.Ok(new HealthView("live", new Dictionary<string, string>()));

    private static async Task<Results<Ok<HealthView>, ProblemHttpResult>> Ready(ReadyChecks ready, ApiOptions options, CancellationToken cancel)
    {
        var checks = await ready.RunAsync(cancel);
        if (!options.IsOpen) checks = checks.ToDictionary(check => check.Key, check => check.Value == ReadyChecks.Ok ? check.Value : "failed"); // strangers may ask
        if (checks.Values.All(state => state == ReadyChecks.Ok)) return TypedResults.Ok(new HealthView("ready", checks));
        var problem = Problems.Of(ProblemKind.NotReady, string.Join("; ", checks.Where(check => check.Value != ReadyChecks.Ok).Select(check => $"{check.Key} {check.Value}")) + ".");
        problem.ProblemDetails.Extensions["checks"] = checks;
        return problem;
    }
}

/// <summary>Whether the service is well.</summary>
/// <param name="Status">live or ready.</param>
/// <param name="Checks">What was checked, and ok or why it failed.</param>
public sealed record HealthView(string Status, IReadOnlyDictionary<string, string> Checks);

/// <summary>Who asks.</summary>
/// <param name="Name">The prefix of the key, or the name in the token.</param>
/// <param name="Role">read, submit or admin.</param>
/// <param name="Owner">Whose the jobs are that the caller submits; absent on a service without keys.</param>
/// <param name="RequestsPerMinute">How often the caller may ask; absent where nobody counts.</param>
/// <param name="ActiveJobs">Jobs of this owner that wait, run or are paused.</param>
/// <param name="MostActiveJobs">How many may; absent where any number may.</param>
public sealed record CallerView(string Name, Role Role, string? Owner, int? RequestsPerMinute, int ActiveJobs, int? MostActiveJobs);

/// <summary>The tasks that are known by name.</summary>
/// <param name="Items">Each with its columns, labels, metric and training.</param>
public sealed record PresetList(IReadOnlyList<TaskPreset> Items);

/// <summary>The workers.</summary>
/// <param name="Items">By the time of their start.</param>
public sealed record WorkerList(IReadOnlyList<WorkerView> Items);

/// <summary>A process that takes up stages.</summary>
/// <param name="Id">Host and process, new at every start.</param>
/// <param name="Host">The machine it is on.</param>
/// <param name="Version">The version of its program.</param>
/// <param name="Device">What it computes on.</param>
/// <param name="Slots">Stages at a time.</param>
/// <param name="Labels">What jobs may ask for.</param>
/// <param name="MemoryGiB">GiB of memory that a stage can have on it.</param>
/// <param name="Stopping">It was told to end: it hands back what it has, and takes nothing more.</param>
/// <param name="StartedAt">When it started.</param>
/// <param name="HeartbeatAt">When it was last heard of.</param>
/// <param name="Running">The stages that it has.</param>
public sealed record WorkerView(
    string Id, string Host, string Version, string Device, int Slots, IReadOnlyDictionary<string, string> Labels, double MemoryGiB, bool Stopping, DateTimeOffset StartedAt, DateTimeOffset HeartbeatAt, IReadOnlyList<RunningView> Running)
{
    internal static WorkerView Of(WorkerRow row, IEnumerable<StageRow> running) => new(
        row.Id, row.Host, row.Version, row.Device, row.Slots, row.Labels, Math.Round(row.Memory / (double)(1L << 30), 1), row.Stopping, row.StartedAt, row.HeartbeatAt, [.. running.Select(s => new RunningView(s.JobId, s.Stage, s.LeasedAt))]);
}

/// <summary>A stage that a worker has.</summary>
/// <param name="Job">The job.</param>
/// <param name="Stage">Its stage.</param>
/// <param name="Since">When this worker took it up.</param>
public sealed record RunningView(Guid Job, Stage Stage, DateTimeOffset? Since);
