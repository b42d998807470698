using LoraDrop.Domain;
using Microsoft.AspNetCore.Http;

namespace LoraDrop.Api;

/// <summary>Which models or datasets a list shows.</summary>
/// <param name="All">Also those that jobs brought by their source, and deleted ones that jobs refer to.</param>
/// <param name="Limit">At most so many.</param>
/// <param name="Before">Those after this one in the list, which has the newest first.</param>
internal sealed record InputList(bool All, int Limit, Guid? Before)
{
    public static Answer<InputList> Read(IQueryCollection query)
    {
        var fields = new QueryFields(query);
        var list = new InputList(fields.Flag("all") ?? false, (int)(fields.Integer("limit", 1, 100) ?? 20), Cursor.Read(fields));
        return fields.Refusal() is { } refusal ? refusal : list;
    }
}
