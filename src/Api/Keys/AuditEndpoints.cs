using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>Who changed what. For admins.</summary>
internal static class AuditEndpoints
{
    public static void MapAudit(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/audit", List).WithTags("Access").Needs(Role.Admin).WithName("listAudit").WithSummary("List who changed what, newest first.")
            .WithDescription("Every change that was made over the API or with keys on the command line. What was refused changed nothing and stands in the log.")
            .Takes("owner", "Only changes for this owner.", Description.Text())
            .Takes("action", "Only this operation: `submitJob`, `createKey`, …", Description.Text())
            .Takes("target", "Only changes of what has this address: `/jobs/{id}`.", Description.Text())
            .Takes("before", "Only changes with a smaller id.", Description.Whole(1, long.MaxValue))
            .Takes("limit", "At most so many.", Description.Whole(1, 500, 100))
            .Answers(200, "A part of the list.", null, null, ("Link", "Where the list goes on, rel=next."))
            .Refuses(ProblemKind.Invalid);

    private static async Task<Results<Ok<AuditPage>, ProblemHttpResult>> List(HttpContext http, JobsContext db, CancellationToken cancel)
    {
        var fields = new QueryFields(http.Request.Query);
        var (owner, action, target) = (fields.Text("owner"), fields.Text("action"), fields.Text("target"));
        var (before, limit) = (fields.Integer("before", 1, long.MaxValue), (int)(fields.Integer("limit", 1, 500) ?? 100));
        if (fields.Refusal() is { } refusal) return Problems.From(refusal);
        var rows = db.Audit.AsNoTracking();
        if (owner is not null) rows = rows.Where(a => a.Owner == owner);
        if (action is not null) rows = rows.Where(a => a.Action == action);
        if (target is not null) rows = rows.Where(a => a.Target == target || a.Target.StartsWith(target + "/"));
        if (before is { } last) rows = rows.Where(a => a.Id < last);
        var page = await rows.OrderByDescending(a => a.Id).PageAsync(limit, cancel);
        return TypedResults.Ok(new AuditPage([.. page.Rows.Select(AuditView.Of)], page.Next(http, "before", a => a.Id)));
    }
}
