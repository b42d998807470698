using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

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
            .Refuses(ProblemKind.NotJson, ProblemKind.Invalid, ProblemKind.TooLarge, ProblemKind.UnsupportedMediaType, ProblemKind.CrossSite, ProblemKind.StorageFull);
        jobs.MapGet("", List).WithName("listJobs").WithSummary("List jobs, newest first.")
            .WithDescription("Filters are combined. `next` is where the list goes on; the header `Link` says the same as an address. Jobs that are submitted meanwhile move nothing.")
            .Takes("status", "Only jobs in one of these states.", Description.Many(Description.Choice<JobStatus>()))
            .Takes("label", "Only jobs with this label, as `name:value`. Given several times, all must match.", Description.Many(Description.Text()))
            .Takes("model", "Only jobs with this model: its name, id or source.", Description.Text())
            .Takes("dataset", "Only jobs with this dataset: its name, id or source.", Description.Text())
            .Takes("method", "Only jobs with this method.", Description.Choice<TuningMethod>())
            .Takes("limit", "At most so many.", Description.Whole(1, 100, 20))
            .Takes("cursor", "What the last answer gave as `next`.", Description.Text())
            .Answers(200, "A part of the list.", null, null, ("Link", "Where the list goes on, rel=next."))
            .Refuses(ProblemKind.Invalid);
        jobs.MapGet("/{id:guid}", Get).WithName("getJob").WithSummary("Look at a job.")
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
            .Refuses(ProblemKind.JobNotFound, ProblemKind.JobNotEnded, ProblemKind.ModelDeleted, ProblemKind.DatasetDeleted, ProblemKind.CrossSite);
        jobs.MapDelete("/{id:guid}", Delete).WithName("deleteJob").WithSummary("Delete an ended job.")
            .WithDescription("With its curves, events, checkpoints and artifacts. Its model and dataset stay.")
            .Answers(204, "It is gone.")
            .Refuses(ProblemKind.JobNotFound, ProblemKind.JobActive, ProblemKind.CrossSite);
    }

    private static async Task<Results<Accepted<JobView>, ProblemHttpResult>> Submit(
        HttpContext http, JobLife life, JobPeek peek, ApiOptions options, CancellationToken cancel)
    {
        var (draft, problem) = await JsonBody.ReadAsync(http.Request, options, JobDraft.Read, cancel);
        if (draft is null) return problem!;
        return await AcceptedAsync(await life.SubmitAsync(draft, cancel), http, peek, cancel);
    }

    private static async Task<Results<Ok<JobPage>, ProblemHttpResult>> List(HttpContext http, JobsContext db, CancellationToken cancel)
    {
        if (JobList.Read(http.Request.Query).IsRefused(out var refusal, out var list)) return Problems.From(refusal);
        var page = await list.PageAsync(db, cancel);
        if (page.Next is { } next) NextLink.Write(http, next);
        return TypedResults.Ok(page);
    }

    private static async Task<Results<FileContentHttpResult, StatusCodeHttpResult, ProblemHttpResult>> Get(
        Guid id, HttpContext http, JobsContext db, JobPeek peek, JobPages pages, CancellationToken cancel)
    {
        if (await peek.StateAsync(id, cancel) is not { } state) return Problems.From(Missing(id));
        http.Response.Headers.CacheControl = "no-cache";
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

    private static async Task<Results<NoContent, ProblemHttpResult>> Delete(Guid id, JobLife life, CancellationToken cancel) =>
        await life.DeleteAsync(id, cancel) is { } refusal ? Problems.From(refusal) : TypedResults.NoContent();

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
