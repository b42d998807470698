using System.Globalization;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;

namespace LoraDrop.Api;

/// <summary>What happened to a job: as a list, and as it happens.</summary>
internal static class EventEndpoints
{
    public static void MapEvents(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup("/jobs/{id:guid}").WithTags("Results");
        jobs.MapGet("/events", List).WithName("listEvents").WithSummary("List what happened to a job.")
            .Takes("after", "Only events with a greater id.", Description.Whole(0, long.MaxValue, 0))
            .Takes("level", "Only events that matter as much, or more.", Description.Choice<EventLevel>(EventLevel.Info))
            .Takes("limit", "At most so many.", Description.Whole(1, 500, 100))
            .Answers(200, "A part of the list.", null, null, ("Link", "Where the list goes on, rel=next."))
            .Refuses(ProblemKind.JobNotFound, ProblemKind.Invalid);
        jobs.MapGet("/events/stream", Follow).WithName("streamEvents").WithSummary("Follow a job as it runs.")
            .WithDescription("Server-sent events: every event of the job with its id, `progress` between them at most once a second, and at last `end`, after which a client must close the stream. "
                + "A client that comes back gives the last id that it saw, as browsers do by themselves. A comment every 15 seconds shows that a silent stream is alive.")
            .Takes("after", "Only events with a greater id.", Description.Whole(0, long.MaxValue, 0))
            .TakesHeader("Last-Event-ID", "The last id that was seen; counts more than `after`.")
            .Answers(200, "The stream.", null, "text/event-stream")
            .Refuses(ProblemKind.JobNotFound, ProblemKind.Invalid);
    }

    private static async Task<Results<Ok<EventPage>, ProblemHttpResult>> List(Guid id, HttpContext http, JobsContext db, CancellationToken cancel)
    {
        if (EventList.Read(http.Request.Query).IsRefused(out var refusal, out var list)) return Problems.From(refusal);
        if (!await db.Jobs.AnyAsync(j => j.Id == id, cancel)) return Problems.From(Missing(id));
        var page = await list.PageAsync(db, id, cancel);
        return TypedResults.Ok(new EventPage([.. page.Rows.Select(EventView.Of)], page.Next(http, "after", e => e.Id)));
    }

    private static async Task<IResult> Follow(
        Guid id, HttpContext http, IDbContextFactory<JobsContext> contexts, JobPeek peek, ApiOptions options, TimeProvider clock, IHostApplicationLifetime lifetime, CancellationToken cancel)
    {
        if (After(http.Request).IsRefused(out var refusal, out var after)) return Problems.From(refusal);
        await using (var db = await contexts.CreateDbContextAsync(cancel))
        {
            if (!await db.Jobs.AnyAsync(j => j.Id == id, cancel)) return Problems.From(Missing(id));
        }
        return new EventStream(id, after.Id, contexts, peek, options, clock, lifetime);
    }

    /// <summary>Where a stream goes on: the header of a client that comes back counts more than the address that it began with.</summary>
    private static Answer<EventPlace> After(HttpRequest request)
    {
        var fields = new QueryFields(request.Query);
        var after = fields.Integer("after", 0, long.MaxValue);
        if (request.Headers["Last-Event-ID"] is [{ Length: > 0 } written])
        {
            if (long.TryParse(written, NumberStyles.None, CultureInfo.InvariantCulture, out var last)) after = last;
            else fields.Refuse("Last-Event-ID", "must be the id of an event");
        }
        return fields.Refusal() is { } refusal ? refusal : new EventPlace(after ?? 0);
    }

    private static Refusal.Missing Missing(Guid id) => new("job", id.ToString());

    private sealed record EventPlace(long Id);
}
