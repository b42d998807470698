using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Http;

namespace LoraDrop.Api;

/// <summary>Where a list goes on, in OpenAI's words: <c>after</c> is the last id that was seen.</summary>
/// <param name="Limit">At most so many.</param>
/// <param name="After">The id, as it was written; null for the beginning.</param>
internal sealed record OpenAiPage(int Limit, string? After)
{
    public static OpenAiPage Read(QueryFields fields, int usual, int most) => new((int)(fields.Integer("limit", 1, most) ?? usual), fields.Text("after"));

    /// <summary>The place after which the list goes on; a fault where the id is none of this list.</summary>
    public T? Place<T>(QueryFields fields, Func<string, T?> read) where T : struct
    {
        if (After is null) return null;
        var place = read(After);
        if (place is null) fields.Refuse("after", "must be the id of something in this list");
        return place;
    }
}

/// <summary>Which jobs are listed.</summary>
/// <param name="Page">Where the list goes on.</param>
/// <param name="Filter">The jobs.</param>
internal sealed record FineTuningJobList(OpenAiPage Page, JobFilter Filter)
{
    private const string Metadata = "metadata";

    public static Answer<FineTuningJobList> Read(IQueryCollection query, Caller caller)
    {
        var fields = new QueryFields(query);
        var page = OpenAiPage.Read(fields, 20, 100);
        var before = page.Place(fields, OpenAiIds.Job);
        if (query.ContainsKey(Metadata) && fields.Texts(Metadata).Count > 0) fields.Refuse(Metadata, "is written metadata[name]=value; jobs without any cannot be asked for");
        var labels = new List<(string, string)>();
        foreach (var key in query.Keys.Where(key => key.StartsWith($"{Metadata}[", StringComparison.Ordinal) && key.EndsWith(']')))
            foreach (var value in fields.Texts(key)) labels.Add((key[(Metadata.Length + 1)..^1], value));
        return fields.Refusal() is { } refusal ? refusal : new FineTuningJobList(page, new([], labels, null, null, null, caller.SeesAll ? null : caller.Owner, Deleted: false, before));
    }
}
