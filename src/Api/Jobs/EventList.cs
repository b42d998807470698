using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>The query for a list of events.</summary>
internal sealed record EventList(long After, EventLevel Level, int Limit)
{
    public static Answer<EventList> Read(IQueryCollection query)
    {
        var fields = new QueryFields(query);
        var list = new EventList(fields.Integer("after", 0, long.MaxValue) ?? 0, fields.Choice<EventLevel>("level") ?? EventLevel.Info,
            (int)(fields.Integer("limit", 1, 500) ?? 100));
        return fields.Refusal() is { } refusal ? refusal : list;
    }

    public Task<Page<EventRow>> PageAsync(JobsContext db, Guid job, CancellationToken cancel)
    {
        EventLevel[] levels = [.. Enum.GetValues<EventLevel>().Where(level => level >= Level)];
        return db.Events.AsNoTracking().Where(e => e.JobId == job && e.Id > After && levels.Contains(e.Level)).OrderBy(e => e.Id)
            .PageAsync(Limit, cancel);
    }
}
