using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>Jobs: submit, list, look at, pause, resume, cancel, retry, delete.</summary>
internal static class JobEndpoints
{
    public static void MapJobs(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup("/jobs").WithTags("Jobs");
        jobs.MapPost("", Submit).WithName("submitJob").WithSummary("Submit a job.")
            .WithDescription("Only `model`, `dataset` and `task` are required; every other setting has a default, the paper's where it gives one. The answer echoes all settings resolved. "
                + "The job waits until its model and dataset are ready, then for a worker.")
            .TakesJson(typeof(JobRequest),
                new("sample.json", "The shipped sample, with the task spelled out"), new("minimal.json", "A preset: columns, labels, metric and schedule are known"),
                new("everything.json", "Every setting spelled out"), new("lora.json", "Ordinary LoRA, to compare with"))
            .Answers(202, "The job is taken.", "job-accepted.json", null, ("Location", "The job's own address."), ("ETag", "For If-None-Match."), ("Retry-After", "Seconds until a look is worth while."))
            .Refuses(ProblemKind.NotJson, ProblemKind.Invalid, ProblemKind.TooLarge, ProblemKind.UnsupportedMediaType, ProblemKind.CrossSite, ProblemKind.QuotaExceeded, ProblemKind.StorageFull);
        jobs.MapPost("/estimate", Estimate).WithName("estimateJob").WithSummary("Ask what a job would take.")
            .WithDescription("The body of `POST /jobs`. Every fault is in the answer, which is 200 all the same; parameters, memory, steps, tokens and time as far as they can be told, each time with how it was worked out. "
                + "Nothing is stored, fetched or queued.")
            .TakesJson(typeof(JobRequest), new("sample.json", "The shipped sample, with the task spelled out"), new("minimal.json", "A preset: columns, labels, metric and schedule are known"))
            .Refuses(ProblemKind.NotJson, ProblemKind.Invalid, ProblemKind.TooLarge, ProblemKind.UnsupportedMediaType, ProblemKind.CrossSite)
            .WithMetadata(new ChangesNothing()).Needs(Role.Read);
        jobs.MapGet("", List).WithName("listJobs").WithSummary("List jobs, newest first.")
            .WithDescription("Filters are combined. `next` is where the list goes on; the header `Link` says the same as an address. Jobs that are submitted meanwhile move nothing.")
            .Takes("status", "Only jobs in one of these states.", Description.Many(Description.Choice<JobStatus>()))
            .Takes("label", "Only jobs with this label, as `name:value`. Given several times, all must match.", Description.Many(Description.Text()))
            .Takes("model", "Only jobs with this model: its name, id or source.", Description.Text())
            .Takes("dataset", "Only jobs with this dataset: its name, id or source.", Description.Text())
            .Takes("method", "Only jobs with this method.", Description.Choice<TuningMethod>())
            .Takes("deleted", "Those that were deleted and can be restored, instead of all others.", Description.Flag(false))
            .Takes("limit", "At most so many.", Description.Whole(1, 100, 20))
            .Takes("cursor", "What the last answer gave as `next`.", Description.Text())
            .Answers(200, "A part of the list.", null, null, ("Link", "Where the list goes on, rel=next."))
            .Refuses(ProblemKind.Invalid);
        jobs.MapGet("/{id:guid}", Get).WithName("getJob").WithMetadata(new LooksItself()).WithSummary("Look at a job.")
            .WithDescription("Made for polling: with `If-None-Match` an unchanged job is answered with 304 and costs next to nothing. While a stage is queued, its place in the queue is part of the ETag.")
            .TakesHeader("If-None-Match", "The ETag of the last answer.")
            .Produces<JobView>()
            .Answers(200, "The job.", "job-succeeded.json", null, ("ETag", "For If-None-Match."))
            .Answers(304, "Nothing has changed.")
            .Refuses(ProblemKind.JobNotFound);
        jobs.MapPost("/{id:guid}/cancel", Cancel).WithName("cancelJob").WithSummary("Ask a job to stop.")
            .WithDescription("A job that waits is cancelled at once. One that runs stops within a step and leaves a checkpoint, from which a retry goes on.")
            .Answers(202, "It is asked to stop; its status says when it has.", "job-accepted.json")
            .Refuses(ProblemKind.JobNotFound, ProblemKind.JobEnded, ProblemKind.CrossSite);
        jobs.MapPost("/{id:guid}/pause", Pause).WithName("pauseJob").WithSummary("Ask a job to wait.")
            .WithDescription("A job that waits is paused at once. One that runs stops within a step and leaves a checkpoint; its worker is free for others meanwhile. A paused job stays paused until it is resumed.")
            .Answers(202, "It is asked to pause; its status says when it has.", "job-accepted.json")
            .Refuses(ProblemKind.JobNotFound, ProblemKind.JobEnded, ProblemKind.JobCancelling, ProblemKind.CrossSite);
        jobs.MapPost("/{id:guid}/resume", Resume).WithName("resumeJob").WithSummary("Let a paused job go on.")
            .WithDescription("It is queued again and goes on from its last checkpoint, with the same numbers as if it had never stopped.")
            .Answers(202, "It is queued again.", "job-accepted.json")
            .Refuses(ProblemKind.JobNotFound, ProblemKind.JobNotPaused, ProblemKind.CrossSite);
        jobs.MapPost("/{id:guid}/retry", Retry).WithName("retryJob").WithSummary("Let a failed or cancelled job go on.")
            .WithDescription("It goes on from its last checkpoint, with the same numbers as if it had never stopped.")
            .Answers(202, "It is queued again.", "job-accepted.json")
            .Refuses(ProblemKind.JobNotFound, ProblemKind.JobNotEnded, ProblemKind.ModelDeleted, ProblemKind.DatasetDeleted, ProblemKind.QuotaExceeded, ProblemKind.CrossSite);
        jobs.MapPost("/{id:guid}/clone", Clone).WithName("cloneJob").WithSummary("Submit a job again, perhaps with other settings.")
            .WithDescription("A new job with the resolved settings of this one. The body, which may be left out, is a merge patch (RFC 7396) on them: `{\"sharing\": {\"threshold\": 0.7}}`; null takes a setting back to its default. "
                + "`threshold` and `keep`, `epochs` and `steps` of importance stand in place of each other: set the other one to null.")
            .TakesPatch("Fields of JobRequest to change; null takes one back to its default.", new DescribedExample("clone.json", "Another threshold, under another name"))
            .Answers(202, "The new job is taken.", "job-accepted.json", null, ("Location", "The new job's own address."), ("ETag", "For If-None-Match."), ("Retry-After", "Seconds until a look is worth while."))
            .Refuses(ProblemKind.NotJson, ProblemKind.JobNotFound, ProblemKind.Invalid, ProblemKind.TooLarge, ProblemKind.UnsupportedMediaType, ProblemKind.CrossSite, ProblemKind.QuotaExceeded, ProblemKind.StorageFull);
        jobs.MapDelete("/{id:guid}", Delete).WithName("deleteJob").WithSummary("Delete an ended job.")
            .WithDescription("It is shown no more, and for some days (the setting `Jobs:KeepDeleted`, 7 by default) it can be restored. Then it goes for good, "
                + "with its curves, events, checkpoints and artifacts; with `purge` at once. Its model and dataset stay.")
            .Takes("purge", "Remove it for good now. Also takes a job that was deleted before.", Description.Flag(false))
            .Answers(204, "It is gone.")
            .Refuses(ProblemKind.JobNotFound, ProblemKind.JobActive, ProblemKind.Invalid, ProblemKind.CrossSite);
        jobs.MapPost("/{id:guid}/restore", Restore).WithName("restoreJob").WithSummary("Bring back a deleted job.")
            .WithDescription("As it was, with all that it left. `GET /jobs?deleted=true` lists those that can be brought back.")
            .Answers(202, "It is back.", "job-accepted.json")
            .Refuses(ProblemKind.JobNotFound, ProblemKind.CrossSite);
    }

    private static async Task<Results<Accepted<JobView>, ProblemHttpResult>> Submit(
        HttpContext http, JobLife life, JobPeek peek, ApiOptions options, CancellationToken cancel)
    {
        var (draft, problem) = await JsonBody.ReadAsync(http.Request, options, JobDraft.Read, cancel);
        if (draft is null) return problem!;
        return await AcceptedAsync(await life.SubmitAsync(draft, MadeUnderId.Of(http), cancel), http, peek, cancel);
    }

    private static async Task<Results<Ok<EstimateView>, ProblemHttpResult>> Estimate(HttpContext http, JobEstimates estimates, ApiOptions options, CancellationToken cancel)
    {
        var (draft, problem) = await JsonBody.ReadAsync(http.Request, options, JobDraft.Read, cancel);
        return draft is null ? problem! : TypedResults.Ok(await estimates.OfAsync(draft, cancel));
    }

    private static async Task<Results<Accepted<JobView>, ProblemHttpResult>> Clone(
        Guid id, HttpContext http, JobLife life, JobPeek peek, JobsContext db, Caller caller, ApiOptions options, CancellationToken cancel)
    {
        var settings = await db.Jobs.SeenBy(caller).Where(j => j.Id == id).Select(j => j.Settings).SingleOrDefaultAsync(cancel);
        if (settings is null) return Problems.From(Missing(id));
        var draft = JobDraft.Read(settings);
        if (HasBody(http.Request))
        {
            var (changed, problem) = await JsonBody.ReadAsync(http.Request, options, patch => JobDraft.Read(MergePatch.Apply(settings, patch)), cancel);
            if (changed is null) return problem!;
            draft = changed;
        }
        return await AcceptedAsync(await life.SubmitAsync(draft, MadeUnderId.Of(http), clonedFrom: id, cancel), http, peek, cancel);
    }

    private static bool HasBody(HttpRequest request) => request.ContentLength is > 0 || (request.ContentLength is null && request.Headers.TransferEncoding.Count > 0) || request.ContentType is not null;

    private static async Task<Results<Ok<JobPage>, ProblemHttpResult>> List(HttpContext http, JobsContext db, Caller caller, CancellationToken cancel)
    {
        if (JobList.Read(http.Request.Query).IsRefused(out var refusal, out var list)) return Problems.From(refusal);
        var page = await list.PageAsync(db, caller, cancel);
        return TypedResults.Ok(new JobPage(page.Rows, page.Next(http, job => job.Id)));
    }

    private static async Task<Results<FileContentHttpResult, StatusCodeHttpResult, ProblemHttpResult>> Get(
        Guid id, HttpContext http, JobsContext db, Caller caller, JobPeek peek, JobPages pages, CancellationToken cancel)
    {
        if (await peek.StateAsync(id, cancel) is not { } state || !caller.Sees(state.Owner)) return Problems.From(Missing(id));
        if (IfNoneMatch.Holds(http.Request.Headers.IfNoneMatch, state.ETag))
        {
            http.Response.Headers.ETag = state.ETag;
            return TypedResults.StatusCode(StatusCodes.Status304NotModified);
        }
        if (await pages.ReadAsync(db, id, state, cancel) is not { } page) return Problems.From(Missing(id));   // deleted in this very moment
        http.Response.Headers.ETag = page.ETag;
        return TypedResults.Bytes(page.Json, "application/json; charset=utf-8");
    }

    private static async Task<Results<Accepted<JobView>, ProblemHttpResult>> Cancel(Guid id, HttpContext http, JobLife life, JobPeek peek, CancellationToken cancel) =>
        await AcceptedAsync(await life.CancelAsync(id, cancel), http, peek, cancel);

    private static async Task<Results<Accepted<JobView>, ProblemHttpResult>> Pause(Guid id, HttpContext http, JobLife life, JobPeek peek, CancellationToken cancel) =>
        await AcceptedAsync(await life.PauseAsync(id, cancel), http, peek, cancel);

    private static async Task<Results<Accepted<JobView>, ProblemHttpResult>> Resume(Guid id, HttpContext http, JobLife life, JobPeek peek, CancellationToken cancel) =>
        await AcceptedAsync(await life.ResumeAsync(id, cancel), http, peek, cancel);

    private static async Task<Results<Accepted<JobView>, ProblemHttpResult>> Retry(Guid id, HttpContext http, JobLife life, JobPeek peek, CancellationToken cancel) =>
        await AcceptedAsync(await life.RetryAsync(id, cancel), http, peek, cancel);

    private static async Task<Results<NoContent, ProblemHttpResult>> Delete(Guid id, HttpContext http, JobLife life, CancellationToken cancel)
    {
        var fields = new QueryFields(http.Request.Query);
        var purge = fields.Flag("purge") ?? false;
        if (fields.Refusal() is { } wrong) return Problems.From(wrong);
        return await (purge ? life.PurgeAsync(id, cancel) : life.DeleteAsync(id, cancel)) is { } refusal ? Problems.From(refusal) : TypedResults.NoContent();
    }

    private static async Task<Results<Accepted<JobView>, ProblemHttpResult>> Restore(Guid id, HttpContext http, JobLife life, JobPeek peek, CancellationToken cancel) =>
        await AcceptedAsync(await life.RestoreAsync(id, cancel), http, peek, cancel);

    /// <summary>The job as it stands after the change, and when to look again.</summary>
    private static async Task<Results<Accepted<JobView>, ProblemHttpResult>> AcceptedAsync(
        Answer<JobRow> answer, HttpContext http, JobPeek peek, CancellationToken cancel)
    {
        if (answer.IsRefused(out var refusal, out var job)) return Problems.From(refusal);
        var state = await peek.StateAsync(job, cancel);
        http.Response.Headers.ETag = state.ETag;
        http.Response.Headers.RetryAfter = "1";
        return TypedResults.Accepted($"/jobs/{job.Id}", JobReading.Of(job, state));
    }

    private static Refusal.Missing Missing(Guid id) => new("job", id.ToString());
}
