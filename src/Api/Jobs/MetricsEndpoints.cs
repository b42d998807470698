using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>The curves of a job.</summary>
internal static class MetricsEndpoints
{
    public static void MapMetrics(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup("/jobs/{id:guid}").WithTags("Results");
        jobs.MapGet("/metrics", Get).WithName("getMetrics").WithSummary("Read a job's curves.");
    }

    private static async Task<Results<Ok<MetricsView>, ProblemHttpResult>> Get(Guid id, HttpContext http, JobsContext db, CancellationToken cancel)
    {
        if (MetricsQuery.Read(http.Request.Query).IsRefused(out var refusal, out var query)) return Problems.From(refusal);
        if (!await db.Jobs.AnyAsync(j => j.Id == id, cancel)) return Problems.From(new Refusal.Missing("job", id.ToString()));
        return TypedResults.Ok(await query.ReadAsync(db, id, cancel));
    }
}
