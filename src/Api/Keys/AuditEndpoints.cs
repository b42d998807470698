using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>Endpoint of the audit log. For admins.</summary>
internal static class AuditEndpoints
{
    public static void MapAudit(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/audit", List).WithTags("Access").Requires(Role.Admin).WithName("listAudit").WithSummary("List audit entries.")
            .WithDescription("Returns every change made through the API, and every change to keys made on the command line, "
            + "newest first. Refused requests are only in the service's log. Requires the role admin.")
            .Takes("owner", "Return only changes for this owner.", Description.Text())
            .Takes("action", "Return only this operation, such as `submitJob` or `createKey`.", Description.Text())
            .Takes("target", "Return only changes of this resource, given by its path, such as `/jobs/{id}`.", Description.Text())
            .Takes("before", "Return only entries with a smaller id.", Description.Integer(1, long.MaxValue))
            .Takes("limit", "Maximum number of items to return.", Description.Integer(1, 500, 100))
            .Answers(200, "A page of the list.", null, null, ("Link", "URL of the next page (rel=next); absent on the last page."))
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
