using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>The metrics of a job.</summary>
internal static class MetricsEndpoints
{
    public static void MapMetrics(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup("/jobs/{id:guid}").WithTags("Results");
        jobs.MapGet("/metrics", Get).WithName("getMetrics").WithSummary("Get metrics of a job.")
            .WithDescription("Series with more than `points` points are reduced to the first, the last, and means over equal "
            + "ranges of steps in between. Use `from` and `to` for more detail.")
            .Takes("name", "Return only these metrics, such as `train/loss` or `validation/accuracy`.",
            Description.ListOf(Description.Text()))
            .Takes("stage", "Return only metrics of this stage.", Description.Choice<Stage>())
            .Takes("from", "First step to return.", Description.Integer(0, int.MaxValue, 0))
            .Takes("to", "Last step to return.", Description.Integer(0, int.MaxValue))
            .Takes("points", "Maximum number of points per series.", Description.Integer(10, 10_000, 1000))
            .Refuses(ProblemKind.JobNotFound, ProblemKind.Invalid);
    }

    private static async Task<Results<Ok<MetricsView>, ProblemHttpResult>> Get(Guid id, HttpContext http, JobsContext db,
        CancellationToken cancel)
    {
        if (MetricsQuery.Read(http.Request.Query).IsRefused(out var refusal, out var query)) return Problems.From(refusal);
        if (!await db.Jobs.AnyAsync(j => j.Id == id, cancel)) return Problems.From(new Refusal.Missing("job", id.ToString()));
        return TypedResults.Ok(await query.ReadAsync(db, id, cancel));
    }
}
