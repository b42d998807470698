using LoraDrop.Domain;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace LoraDrop.Api;

/// <summary>Which models or datasets a list shows.</summary>
/// <param name="All">Also those that jobs brought by their source, and deleted ones that jobs refer to.</param>
/// <param name="Limit">At most so many.</param>
/// <param name="Before">Those after this one in the list, which has the newest first.</param>
internal sealed record InputList(bool All, int Limit, Guid? Before)
{
    public static void Describe(RouteHandlerBuilder list) => list
        .WithDescription("`next` is where the list goes on; the header `Link` says the same as an address.")
        .Takes("all", "Also those that jobs brought by their source, and deleted ones that jobs refer to.", Description.Flag(false))
        .Takes("limit", "At most so many.", Description.Whole(1, 100, 20))
        .Takes("cursor", "What the last answer gave as `next`.", Description.Text())
        .Answers(200, "A part of the list.", null, null, ("Link", "Where the list goes on, rel=next."))
        .Refuses(ProblemKind.Invalid);

    public static Answer<InputList> Read(IQueryCollection query)
    {
        var fields = new QueryFields(query);
        var list = new InputList(fields.Flag("all") ?? false, (int)(fields.Integer("limit", 1, 100) ?? 20), Cursor.Read(fields));
        return fields.Refusal() is { } refusal ? refusal : list;
    }
}
