using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>Endpoints for jobs: submit, list, get, pause, resume, cancel, retry, clone, delete, restore.</summary>
internal static class JobEndpoints
{
    public static void MapJobs(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup("/jobs").WithTags("Jobs");
        jobs.MapPost("", Submit).WithName("submitJob").WithSummary("Create a job.")
            .WithDescription("Only `model`, `dataset` and `task` are required. All other settings have defaults, taken from the "
            + "paper where it gives them. The response contains all resolved settings. "
                + "The job is queued once its model and dataset are ready.")
            .TakesJson(typeof(JobRequest),
                new("sample.json", "The included sample, without a preset"),
                new("minimal.json", "A preset for columns, labels, metric and schedule"),
                new("everything.json", "All settings"), new("lora.json", "Ordinary LoRA for comparison"))
            .Answers(202, "The job was created.", "job-accepted.json", null, ("Location", "URL of the job."),
            ("ETag", "Version of the job, for If-None-Match."), ("Retry-After", "Seconds to wait before polling."))
            .Refuses(ProblemKind.NotJson, ProblemKind.Invalid, ProblemKind.TooLarge, ProblemKind.UnsupportedMediaType,
            ProblemKind.CrossSite, ProblemKind.QuotaExceeded, ProblemKind.StorageFull);
        jobs.MapPost("/estimate", Estimate).WithName("estimateJob").WithSummary("Estimate a job.")
            .WithDescription("Takes the same body as `POST /jobs`. Returns parameters, memory, steps, tokens and time as far as "
            + "they are known, with how each was estimated. Faults in the settings are listed in the response, "
            + "whose status is still 200. "
                + "Nothing is stored, downloaded or queued.")
            .TakesJson(typeof(JobRequest), new("sample.json", "The included sample, without a preset"),
            new("minimal.json", "A preset for columns, labels, metric and schedule"))
            .Refuses(ProblemKind.NotJson, ProblemKind.Invalid, ProblemKind.TooLarge, ProblemKind.UnsupportedMediaType,
            ProblemKind.CrossSite)
            .WithMetadata(new ReadsOnly()).Requires(Role.Read);
        jobs.MapGet("", List).WithName("listJobs").WithSummary("List jobs.")
            .WithDescription("Returns jobs newest first. Filters are combined with AND. Pass `next` as `cursor` to get the next "
            + "page, or follow the `Link` header. Jobs created in the meantime do not shift the pages.")
            .Takes("status", "Return only jobs with one of these statuses.", Description.ListOf(Description.Choice<JobStatus>()))
            .Takes("label", "Return only jobs with this label, as `name:value`. If repeated, all must match.",
            Description.ListOf(Description.Text()))
            .Takes("model", "Return only jobs with this model, given by name, id or source.", Description.Text())
            .Takes("dataset", "Return only jobs with this dataset, given by name, id or source.", Description.Text())
            .Takes("method", "Return only jobs with this method.", Description.Choice(Methods.Names))
            .Takes("owner", "Return only jobs of this owner.", Description.Text())
            .Takes("text", "Return only jobs whose name contains this text; case is ignored.", Description.Text())
            .Takes("deleted", "Return deleted jobs that can still be restored, instead of all others.", Description.Flag(false))
            .Takes("limit", "Maximum number of items to return.", Description.Integer(1, 100, 20))
            .Takes("cursor", "The `next` value of the previous page.", Description.Text())
            .Answers(200, "A page of the list.", null, null, ("Link", "URL of the next page (rel=next); absent on the last page."))
            .Refuses(ProblemKind.Invalid);
        jobs.MapGet("/{id:guid}", Get).WithName("getJob").WithMetadata(new ChecksOwner()).WithSummary("Get a job.")
            .WithDescription("Suited to polling: send the last ETag in `If-None-Match` to get a cheap 304 while the job is "
            + "unchanged. While a stage is queued, the ETag includes its queue position.")
            .TakesHeader("If-None-Match", "The ETag of the last response.")
            .Produces<JobView>()
            .Answers(200, "The job.", "job-succeeded.json", null, ("ETag", "Version of the job, for If-None-Match."))
            .Answers(304, "The job is unchanged.")
            .Refuses(ProblemKind.JobNotFound);
        jobs.MapPost("/{id:guid}/cancel", Cancel).WithName("cancelJob").WithSummary("Cancel a job.")
            .WithDescription("A queued job is cancelled immediately. A running job stops within one step and saves a checkpoint, "
            + "from which a retry resumes.")
            .Answers(202, "Cancellation was requested. Poll the job for its status.", "job-accepted.json")
            .Refuses(ProblemKind.JobNotFound, ProblemKind.JobEnded, ProblemKind.CrossSite);
        jobs.MapPost("/{id:guid}/pause", Pause).WithName("pauseJob").WithSummary("Pause a job.")
            .WithDescription("A queued job is paused immediately. A running job stops within one step, saves a checkpoint and "
            + "frees its worker. A job stays paused until it is resumed.")
            .Answers(202, "The pause was requested. Poll the job for its status.", "job-accepted.json")
            .Refuses(ProblemKind.JobNotFound, ProblemKind.JobEnded, ProblemKind.JobCancelling, ProblemKind.CrossSite);
        jobs.MapPost("/{id:guid}/resume", Resume).WithName("resumeJob").WithSummary("Resume a paused job.")
            .WithDescription("Queues the job again. It continues from its last checkpoint with the same results as an uninterrupted run.")
            .Answers(202, "The job was queued again.", "job-accepted.json")
            .Refuses(ProblemKind.JobNotFound, ProblemKind.JobNotPaused, ProblemKind.CrossSite);
        jobs.MapPost("/{id:guid}/retry", Retry).WithName("retryJob").WithSummary("Retry a failed or cancelled job.")
            .WithDescription("Queues the job again. It continues from its last checkpoint with the same results as an uninterrupted run.")
            .Answers(202, "The job was queued again.", "job-accepted.json")
            .Refuses(ProblemKind.JobNotFound, ProblemKind.JobNotEnded, ProblemKind.ModelDeleted, ProblemKind.DatasetDeleted,
            ProblemKind.QuotaExceeded, ProblemKind.CrossSite);
        jobs.MapPost("/{id:guid}/clone", Clone).WithName("cloneJob").WithSummary("Clone a job, optionally with changed settings.")
            .WithDescription("Creates a new job with the resolved settings of this one. The optional body is a JSON merge patch "
            + "(RFC 7396) of the settings, such as `{\"sharing\": {\"threshold\": 0.7}}`; null resets a setting to " + "its default. "
                + "To replace `threshold` with `keep`, or importance `epochs` with `steps`, set the other one to null.")
            .TakesPatch("Fields of JobRequest to change; null resets a field to its default.",
            new DescribedExample("clone.json", "Another threshold and name"))
            .Answers(202, "The new job was created.", "job-accepted.json", null, ("Location", "URL of the new job."),
            ("ETag", "Version of the job, for If-None-Match."), ("Retry-After", "Seconds to wait before polling."))
            .Refuses(ProblemKind.NotJson, ProblemKind.JobNotFound, ProblemKind.Invalid, ProblemKind.TooLarge,
            ProblemKind.UnsupportedMediaType, ProblemKind.CrossSite, ProblemKind.QuotaExceeded, ProblemKind.StorageFull);
        jobs.MapDelete("/{id:guid}", Delete).WithName("deleteJob").WithSummary("Delete a job that has ended.")
            .WithDescription("Hides the job. It can be restored for some days (setting `Jobs:KeepDeleted`, 7 by default); then it "
            + "is removed permanently "
                + "with its metrics, events, checkpoints and artifacts. `purge` removes it immediately. Its model and dataset are kept.")
            .Takes("purge", "Remove the job permanently now. Also works on a job deleted earlier.", Description.Flag(false))
            .Answers(204, "Deleted.")
            .Refuses(ProblemKind.JobNotFound, ProblemKind.JobActive, ProblemKind.Invalid, ProblemKind.CrossSite);
        jobs.MapPost("/{id:guid}/restore", Restore).WithName("restoreJob").WithSummary("Restore a deleted job.")
            .WithDescription("Restores the job with all its data. `GET /jobs?deleted=true` lists the jobs that can be restored.")
            .Answers(202, "The job was restored.", "job-accepted.json")
            .Refuses(ProblemKind.JobNotFound, ProblemKind.CrossSite);
    }

    private static async Task<Results<Accepted<JobView>, ProblemHttpResult>> Submit(
        HttpContext http, JobLife life, JobStateReader states, ApiOptions options, CancellationToken cancel)
    {
        var (draft, problem) = await JsonBody.ReadAsync(http.Request, options, JobDraft.Read, cancel);
        if (draft is null) return problem!;
        return await AcceptedAsync(await life.SubmitAsync(draft, ReservedId.Of(http), cancel), http, states, cancel);
    }

    private static async Task<Results<Ok<EstimateView>, ProblemHttpResult>> Estimate(HttpContext http, JobEstimates estimates,
        ApiOptions options, CancellationToken cancel)
    {
        var (draft, problem) = await JsonBody.ReadAsync(http.Request, options, JobDraft.Read, cancel);
        return draft is null ? problem! : TypedResults.Ok(await estimates.OfAsync(draft, cancel));
    }

    private static async Task<Results<Accepted<JobView>, ProblemHttpResult>> Clone(
        Guid id, HttpContext http, JobLife life, JobStateReader states, JobsContext db, Caller caller, ApiOptions options,
        CancellationToken cancel)
    {
        var settings = await db.Jobs.SeenBy(caller).Where(j => j.Id == id).Select(j => j.Settings).SingleOrDefaultAsync(cancel);
        if (settings is null) return Problems.From(Missing(id));
        var draft = JobDraft.Read(settings);
        if (HasBody(http.Request))
        {
            var (changed, problem) = await JsonBody.ReadAsync(http.Request, options,
                patch => JobDraft.Read(MergePatch.Apply(settings, patch)), cancel);
            if (changed is null) return problem!;
            draft = changed;
        }
        return await AcceptedAsync(await life.SubmitAsync(draft, ReservedId.Of(http), clonedFrom: id, cancel), http, states, cancel);
    }

    private static bool HasBody(HttpRequest request) => request.ContentLength is > 0
        || (request.ContentLength is null && request.Headers.TransferEncoding.Count > 0) || request.ContentType is not null;

    private static async Task<Results<Ok<JobPage>, ProblemHttpResult>> List(HttpContext http, JobsContext db, Caller caller,
        CancellationToken cancel)
    {
        if (JobList.Read(http.Request.Query).IsRefused(out var refusal, out var list)) return Problems.From(refusal);
        var page = await list.PageAsync(db, caller, cancel);
        return TypedResults.Ok(new JobPage(page.Rows, page.Next(http, job => job.Id)));
    }

    private static async Task<Results<FileContentHttpResult, StatusCodeHttpResult, ProblemHttpResult>> Get(
        Guid id, HttpContext http, JobsContext db, Caller caller, JobStateReader states, JobPages pages, CancellationToken cancel)
    {
        if (await states.StateAsync(id, cancel) is not { } state || !caller.Sees(state.Owner)) return Problems.From(Missing(id));
        if (IfNoneMatch.Holds(http.Request.Headers.IfNoneMatch, state.ETag))
        {
            http.Response.Headers.ETag = state.ETag;
            return TypedResults.StatusCode(StatusCodes.Status304NotModified);
        }
        if (await pages.ReadAsync(db, id, state, cancel) is not { } page) return Problems.From(Missing(id));   // deleted in the meantime
        http.Response.Headers.ETag = page.ETag;
        return TypedResults.Bytes(page.Json, "application/json; charset=utf-8");
    }

    private static async Task<Results<Accepted<JobView>, ProblemHttpResult>> Cancel(Guid id, HttpContext http, JobLife life,
        JobStateReader states, CancellationToken cancel) =>
        await AcceptedAsync(await life.CancelAsync(id, cancel), http, states, cancel);

    private static async Task<Results<Accepted<JobView>, ProblemHttpResult>> Pause(Guid id, HttpContext http, JobLife life,
        JobStateReader states, CancellationToken cancel) =>
        await AcceptedAsync(await life.PauseAsync(id, cancel), http, states, cancel);

    private static async Task<Results<Accepted<JobView>, ProblemHttpResult>> Resume(Guid id, HttpContext http, JobLife life,
        JobStateReader states, CancellationToken cancel) =>
        await AcceptedAsync(await life.ResumeAsync(id, cancel), http, states, cancel);

    private static async Task<Results<Accepted<JobView>, ProblemHttpResult>> Retry(Guid id, HttpContext http, JobLife life,
        JobStateReader states, CancellationToken cancel) =>
        await AcceptedAsync(await life.RetryAsync(id, cancel), http, states, cancel);

    private static async Task<Results<NoContent, ProblemHttpResult>> Delete(Guid id, HttpContext http, JobLife life,
        CancellationToken cancel)
    {
        var fields = new QueryFields(http.Request.Query);
        var purge = fields.Flag("purge") ?? false;
        if (fields.Refusal() is { } wrong) return Problems.From(wrong);
        return await (purge ? life.PurgeAsync(id, cancel) : life.DeleteAsync(id, cancel)) is { } refusal
            ? Problems.From(refusal)
            : TypedResults.NoContent();
    }

    private static async Task<Results<Accepted<JobView>, ProblemHttpResult>> Restore(Guid id, HttpContext http, JobLife life,
        JobStateReader states, CancellationToken cancel) =>
        await AcceptedAsync(await life.RestoreAsync(id, cancel), http, states, cancel);

    /// <summary>The job after the change, with its ETag and a polling interval.</summary>
    private static async Task<Results<Accepted<JobView>, ProblemHttpResult>> AcceptedAsync(
        Answer<JobRow> answer, HttpContext http, JobStateReader states, CancellationToken cancel)
    {
        if (answer.IsRefused(out var refusal, out var job)) return Problems.From(refusal);
        var state = await states.StateAsync(job, cancel);
        http.Response.Headers.ETag = state.ETag;
        http.Response.Headers.RetryAfter = "1";
        return TypedResults.Accepted($"/jobs/{job.Id}", JobReading.Of(job, state));
    }

    private static Refusal.Missing Missing(Guid id) => new("job", id.ToString());
}
