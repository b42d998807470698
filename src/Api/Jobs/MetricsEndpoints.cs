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
        jobs.MapGet("/metrics", Get).WithName("getMetrics").WithSummary("Read a job's curves.")
            .WithDescription("Long curves are thinned: their first and last point, and between them means of equal ranges of steps. Ask for a range of steps to see more of it.")
            .Takes("name", "Only these curves: `train/loss`, `validation/accuracy`, …", Description.Many(Description.Text()))
            .Takes("stage", "Only curves of this stage.", Description.Choice<Stage>())
            .Takes("from", "The first step.", Description.Whole(0, int.MaxValue, 0))
            .Takes("to", "The last step.", Description.Whole(0, int.MaxValue))
            .Takes("points", "At most so many points of each curve.", Description.Whole(10, 10_000, 1000))
            .Refuses(ProblemKind.JobNotFound, ProblemKind.Invalid);
    }

    private static async Task<Results<Ok<MetricsView>, ProblemHttpResult>> Get(Guid id, HttpContext http, JobsContext db, CancellationToken cancel)
    {
        if (MetricsQuery.Read(http.Request.Query).IsRefused(out var refusal, out var query)) return Problems.From(refusal);
        if (!await db.Jobs.AnyAsync(j => j.Id == id, cancel)) return Problems.From(new Refusal.Missing("job", id.ToString()));
        return TypedResults.Ok(await query.ReadAsync(db, id, cancel));
    }
}
