using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace LoraDrop.Api;

/// <summary>Jobs: submit, list, look at, cancel, retry, delete.</summary>
internal static class JobEndpoints
{
    public static void MapJobs(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup("/jobs").WithTags("Jobs");
        jobs.MapPost("", Submit).WithName("submitJob").WithSummary("Submit a job.");
        jobs.MapGet("", List).WithName("listJobs").WithSummary("List jobs, newest first.");
        jobs.MapGet("/{id:guid}", Get).WithName("getJob").WithSummary("Look at a job.");
        jobs.MapPost("/{id:guid}/cancel", Cancel).WithName("cancelJob").WithSummary("Ask a job to stop.");
        jobs.MapPost("/{id:guid}/retry", Retry).WithName("retryJob").WithSummary("Let a failed or cancelled job go on.");
        jobs.MapDelete("/{id:guid}", Delete).WithName("deleteJob").WithSummary("Delete an ended job and its files.");
    }

    private static async Task<Results<Accepted<JobView>, ProblemHttpResult>> Submit(
        HttpContext http, JobLife life, JobsContext db, JobPeek peek, ApiOptions options, CancellationToken cancel)
    {
        var (request, problem) = await JsonBody.ReadAsync(http.Request, options, JobRequest.Parse, cancel);
        if (request is null) return problem!;
        return await AcceptedAsync(await life.SubmitAsync(request, cancel), http, db, peek, cancel);
    }

    private static async Task<Results<Ok<JobPage>, ProblemHttpResult>> List(HttpContext http, JobsContext db, CancellationToken cancel)
    {
        if (JobList.Read(http.Request.Query).IsRefused(out var refusal, out var list)) return Problems.From(refusal);
        var page = await list.PageAsync(db, cancel);
        if (page.Next is { } next) NextLink.Write(http, next);
        return TypedResults.Ok(page);
    }

    private static async Task<Results<Ok<JobView>, StatusCodeHttpResult, ProblemHttpResult>> Get(Guid id, HttpContext http, JobsContext db, JobPeek peek, CancellationToken cancel)
    {
        http.Response.Headers.CacheControl = "no-cache";
        var seen = http.Request.Headers.IfNoneMatch;
        if (seen.Count > 0 && await peek.StateAsync(db, id, cancel) is { } state && IfNoneMatch.Holds(seen, state.ETag))
        {
            http.Response.Headers.ETag = state.ETag;
            return TypedResults.StatusCode(StatusCodes.Status304NotModified);
        }
        if (await JobReading.ReadAsync(db, peek, id, cancel) is not var (view, etag)) return Problems.From(Missing(id));
        http.Response.Headers.ETag = etag;
        return TypedResults.Ok(view);
    }

    private static async Task<Results<Accepted<JobView>, ProblemHttpResult>> Cancel(Guid id, HttpContext http, JobLife life, JobsContext db, JobPeek peek, CancellationToken cancel) =>
        await AcceptedAsync(await life.CancelAsync(id, cancel), http, db, peek, cancel);

    private static async Task<Results<Accepted<JobView>, ProblemHttpResult>> Retry(Guid id, HttpContext http, JobLife life, JobsContext db, JobPeek peek, CancellationToken cancel) =>
        await AcceptedAsync(await life.RetryAsync(id, cancel), http, db, peek, cancel);

    private static async Task<Results<NoContent, ProblemHttpResult>> Delete(Guid id, JobLife life, CancellationToken cancel) =>
        await life.DeleteAsync(id, cancel) is { } refusal ? Problems.From(refusal) : TypedResults.NoContent();

    /// <summary>The job as it stands after the change, and when to look again.</summary>
    private static async Task<Results<Accepted<JobView>, ProblemHttpResult>> AcceptedAsync(
        Answer<JobRow> answer, HttpContext http, JobsContext db, JobPeek peek, CancellationToken cancel)
    {
        if (answer.IsRefused(out var refusal, out var job)) return Problems.From(refusal);
        if (await JobReading.ReadAsync(db, peek, job.Id, cancel) is not var (view, etag)) return Problems.From(Missing(job.Id));   // deleted in this very moment
        http.Response.Headers.ETag = etag;
        http.Response.Headers.RetryAfter = "1";
        return TypedResults.Accepted($"/jobs/{job.Id}", view);
    }

    private static Refusal.Missing Missing(Guid id) => new("job", id.ToString());
}
