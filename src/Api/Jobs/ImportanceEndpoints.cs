using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace LoraDrop.Api;

/// <summary>What each layer contributes, and what another cut would keep.</summary>
internal static class ImportanceEndpoints
{
    public static void MapImportance(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup("/jobs/{id:guid}").WithTags("Results");
        jobs.MapGet("/importance", Get).WithName("getImportance").WithSummary("See what each layer contributes, and what another cut would keep.")
            .WithDescription("Without parameters: the importance as the job has it. With any: what another threshold or rule would keep and train, worked out from the same measurement (`whatIf: true`). "
                + "What is not given is as in the job's settings.")
            .Takes("threshold", "T, the share of importance that the kept layers reach.", Description.Share())
            .Takes("keep", "k, how many layers of each module type keep their LoRA, instead of `threshold`.", Description.Whole(1, int.MaxValue))
            .Takes("select", "Which layers are kept; all but `importance` are ablations.", Description.Choice<Selection>())
            .Takes("remainder", "What the other layers get.", Description.Choice<Remainder>())
            .Answers(200, "The importance.", "importance.json")
            .Refuses(ProblemKind.JobNotFound, ProblemKind.ImportanceNotFound, ProblemKind.ImportanceNotReady, ProblemKind.Invalid);
    }

    private static async Task<Results<Ok<ImportanceView>, ProblemHttpResult>> Get(Guid id, HttpContext http, JobsContext db, CancellationToken cancel)
    {
        if (Cut.Read(http.Request.Query).IsRefused(out var wrong, out var cut)) return Problems.From(wrong);
        if ((await MeasuredImportance.ReadAsync(db, id, cancel)).IsRefused(out var refusal, out var importance))
        {
            if (refusal.Code == ProblemKind.ImportanceNotReady.Code) http.Response.Headers.RetryAfter = "5";
            return Problems.From(refusal);
        }
        return TypedResults.Ok(cut.ChangesNothing ? importance.AsMeasured() : importance.CutBy(cut));
    }
}
