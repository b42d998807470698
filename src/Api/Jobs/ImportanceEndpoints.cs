using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace LoraDrop.Api;

/// <summary>Endpoints for the measured importance of layers.</summary>
internal static class ImportanceEndpoints
{
    public static void MapImportance(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup("/jobs/{id:guid}").WithTags("Results");
        jobs.MapGet("/importance", Get).WithName("getImportance").WithSummary("Get the importance of each layer.")
            .WithDescription("Without parameters, returns the importance with the job's own settings. With parameters, returns "
            + "what another threshold or selection would keep and train, based on the same measurement and without "
            + "training (`whatIf: true`). "
                + "Omitted parameters default to the job's settings.")
            .Takes("threshold", "T, the cumulative importance the kept layers must reach; (0, 1]. `auto` keeps as many as importance is "
            + "effectively spread over.", Description.Threshold())
            .Takes("keep", "k, the number of layers per module type that keep their own LoRA; replaces `threshold`.",
            Description.Integer(1, int.MaxValue))
            .Takes("granularity", "Whether whole layers keep their LoRA, or single ranks of it.", Description.Choice<Granularity>())
            .Takes("select", "How kept layers are selected; all but `importance` are ablations.", Description.Choice<Selection>())
            .Takes("remainder", "What the remaining layers use.", Description.Choice<Remainder>())
            .Answers(200, "The importance of each layer.", "importance.json")
            .Refuses(ProblemKind.JobNotFound, ProblemKind.ImportanceNotFound, ProblemKind.ImportanceNotReady, ProblemKind.Invalid);
    }

    private static async Task<Results<Ok<ImportanceView>, ProblemHttpResult>> Get(Guid id, HttpContext http, JobsContext db,
        CancellationToken cancel)
    {
        if (Cut.Read(http.Request.Query).IsRefused(out var wrong, out var cut)) return Problems.From(wrong);
        if ((await MeasuredImportance.ReadAsync(db, id, cancel)).IsRefused(out var refusal, out var importance))
        {
            if (refusal.Code == ProblemKind.ImportanceNotReady.Code) http.Response.Headers.RetryAfter = "5";
            return Problems.From(refusal);
        }
        if (cut.IsEmpty) return TypedResults.Ok(importance.AsMeasured());
        return importance.CutBy(cut).IsRefused(out var impossible, out var view) ? Problems.From(impossible) : TypedResults.Ok(view);
    }
}
