using LoraDrop.Domain;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace LoraDrop.Api;

/// <summary>The query of a list of models or datasets.</summary>
/// <param name="All">Whether to include inputs that jobs gave by source, and deleted ones that jobs refer to.</param>
/// <param name="Limit">Maximum number of items.</param>
/// <param name="Before">Return only older ones than this; null for the first page.</param>
internal sealed record InputList(bool All, int Limit, Guid? Before)
{
    public static void Describe(RouteHandlerBuilder list) => list
        .WithDescription("Returns items newest first. Pass `next` as `cursor` to get the next page, or follow the `Link` header.")
        .Takes("all", "Include items that jobs gave by source, and deleted items that jobs still refer to.", Description.Flag(false))
        .Takes("limit", "Maximum number of items to return.", Description.Integer(1, 100, 20))
        .Takes("cursor", "The `next` value of the previous page.", Description.Text())
        .Answers(200, "A page of the list.", null, null, ("Link", "URL of the next page (rel=next); absent on the last page."))
        .Refuses(ProblemKind.Invalid);

    public static Answer<InputList> Read(IQueryCollection query)
    {
        var fields = new QueryFields(query);
        var list = new InputList(fields.Flag("all") ?? false, (int)(fields.Integer("limit", 1, 100) ?? 20), Cursor.Read(fields));
        return fields.Refusal() is { } refusal ? refusal : list;
    }
}
