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

/// <summary>Endpoints for a job's events: list and stream.</summary>
internal static class EventEndpoints
{
    public static void MapEvents(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup("/jobs/{id:guid}").WithTags("Results");
        jobs.MapGet("/events", List).WithName("listEvents").WithSummary("List events of a job.")
            .Takes("after", "Return only events with a greater id.", Description.Integer(0, long.MaxValue, 0))
            .Takes("level", "Return only events of at least this level.", Description.Choice<EventLevel>(EventLevel.Info))
            .Takes("limit", "Maximum number of items to return.", Description.Integer(1, 500, 100))
            .Answers(200, "A page of the list.", null, null, ("Link", "URL of the next page (rel=next); absent on the last page."))
            .Refuses(ProblemKind.JobNotFound, ProblemKind.Invalid);
        jobs.MapGet("/events/stream", Follow).WithName("streamEvents").WithSummary("Stream a job's events.")
            .WithDescription("Sends server-sent events: every event of the job with its id, `progress` at most once per second, "
            + "and a final `end`, after which the client must close the stream. "
                + "To resume, send the last received id in `Last-Event-ID`; browsers do so automatically. A keep-alive "
                + "comment is sent after 15 seconds of silence.")
            .Takes("after", "Return only events with a greater id.", Description.Integer(0, long.MaxValue, 0))
            .TakesHeader("Last-Event-ID", "The last received event id; overrides `after`.")
            .Answers(200, "The event stream.", null, "text/event-stream")
            .Refuses(ProblemKind.JobNotFound, ProblemKind.Invalid);
    }

    private static async Task<Results<Ok<EventPage>, ProblemHttpResult>> List(Guid id, HttpContext http, JobsContext db,
        CancellationToken cancel)
    {
        if (EventList.Read(http.Request.Query).IsRefused(out var refusal, out var list)) return Problems.From(refusal);
        if (!await db.Jobs.AnyAsync(j => j.Id == id, cancel)) return Problems.From(Missing(id));
        var page = await list.PageAsync(db, id, cancel);
        return TypedResults.Ok(new EventPage([.. page.Rows.Select(EventView.Of)], page.Next(http, "after", e => e.Id)));
    }

    private static async Task<IResult> Follow(
        Guid id, HttpContext http, IDbContextFactory<JobsContext> contexts, JobStateReader states, ApiOptions options, TimeProvider clock,
        IHostApplicationLifetime lifetime, CancellationToken cancel)
    {
        if (After(http.Request).IsRefused(out var refusal, out var after)) return Problems.From(refusal);
        await using (var db = await contexts.CreateDbContextAsync(cancel))
        {
            if (!await db.Jobs.AnyAsync(j => j.Id == id, cancel)) return Problems.From(Missing(id));
        }
        return new EventStream(id, after.Id, contexts, states, options, clock, lifetime);
    }

    /// <summary>The event id to resume after. The Last-Event-ID header overrides the query parameter.</summary>
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
