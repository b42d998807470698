using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Http;

namespace LoraDrop.Api;

/// <summary>Paging in OpenAI's format, where <c>after</c> is the last id of the previous page.</summary>
/// <param name="Limit">Maximum number of items.</param>
/// <param name="After">The id as given; null for the first page.</param>
internal sealed record OpenAiPage(int Limit, string? After)
{
    public static OpenAiPage Read(QueryFields fields, int usual, int most) =>
        new((int)(fields.Integer("limit", 1, most) ?? usual), fields.Text("after"));

    /// <summary>Parses the id after which the page starts; a malformed id is a fault.</summary>
    public T? Place<T>(QueryFields fields, Func<string, T?> read) where T : struct
    {
        if (After is null) return null;
        var place = read(After);
        if (place is null) fields.Refuse("after", "must be an id from this list");
        return place;
    }
}

/// <summary>The query of a list of fine-tuning jobs.</summary>
/// <param name="Page">The page to return.</param>
/// <param name="Filter">The filter.</param>
internal sealed record FineTuningJobList(OpenAiPage Page, JobFilter Filter)
{
    private const string Metadata = "metadata";

    public static Answer<FineTuningJobList> Read(IQueryCollection query, Caller caller)
    {
        var fields = new QueryFields(query);
        var page = OpenAiPage.Read(fields, 20, 100);
        var before = page.Place(fields, OpenAiIds.Job);
        if (query.ContainsKey(Metadata) && fields.Texts(Metadata).Count > 0)
            fields.Refuse(Metadata, "must have the form metadata[name]=value; filtering for jobs without metadata is not supported");
        var labels = new List<(string, string)>();
        foreach (var key in query.Keys.Where(key => key.StartsWith($"{Metadata}[", StringComparison.Ordinal) && key.EndsWith(']')))
            foreach (var value in fields.Texts(key)) labels.Add((key[(Metadata.Length + 1)..^1], value));
        return fields.Refusal() is { } refusal
            ? refusal
            : new FineTuningJobList(page, new([], labels, null, null, null, caller.SeesAll ? null : caller.Owner, null, Deleted: false,
                before));
    }
}
