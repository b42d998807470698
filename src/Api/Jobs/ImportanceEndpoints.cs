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
        jobs.MapGet("/importance", Get).WithName("getImportance").WithSummary("See what each layer contributes, and what another T would keep.");
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
