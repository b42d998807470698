using System.Text;
using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;

namespace LoraDrop.Api;

/// <summary>Streams a job's events (server-sent events): events after an id, progress in between, and a final end.</summary>
/// <remarks>
/// Not built on <c>TypedResults.ServerSentEvents</c>, which cannot write the comments that keep an idle connection open.
/// Every message is one line of JSON, so a <c>data:</c> field never needs a second line.
/// </remarks>
internal sealed class EventStream(Guid job, long after, IDbContextFactory<JobsContext> contexts, JobStateReader states, ApiOptions options,
    TimeProvider clock, IHostApplicationLifetime lifetime) : IResult
{
    private const int BatchSize = 500;

    private static readonly TimeSpan ProgressEvery = TimeSpan.FromSeconds(1);

    private long _after = after;
    private ProgressView? _shown;
    private long _shownAt;
    private long _wroteAt;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache, no-store";
        response.Headers["X-Accel-Buffering"] = "no";   // otherwise nginx buffers the stream
        httpContext.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(httpContext.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            await WriteAsync(response, ": loradrop\n\n", stop.Token);
            await FollowAsync(response, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The client disconnected or the service is stopping. Clients resume with the id of the last event they received.
        }
    }

    private async Task FollowAsync(HttpResponse response, CancellationToken cancel)
    {
        JobState? seen = null;
        var pending = true;
        while (true)
        {
            await using (var db = await contexts.CreateDbContextAsync(cancel))
            {
                // Read the state before the events: if it says ended, all events are in the table.
                if (await states.StateAsync(job, cancel) is not { } state) return;   // deleted
                var changed = state != seen;
                seen = state;
                if (changed) await WriteEventsAsync(db, response, cancel);
                pending |= changed;
                var ended = JobMoves.IsEnd(state.Status);
                if (pending && (ended || _shown is null || clock.GetElapsedTime(_shownAt) >= ProgressEvery))
                {
                    await WriteProgressAsync(db, state, response, cancel);
                    pending = false;
                }
                if (ended)
                {
                    await WriteAsync(response, Message("end", new EndView(state.Status)), cancel);
                    return;
                }
            }
            if (clock.GetElapsedTime(_wroteAt) >= options.HeartbeatEvery) await WriteAsync(response, ": keep-alive\n\n", cancel);
            await Task.Delay(options.StreamEvery, clock, cancel);
        }
    }

    private async Task WriteEventsAsync(JobsContext db, HttpResponse response, CancellationToken cancel)
    {
        while (true)
        {
            var rows = await db.Events.AsNoTracking().Where(e => e.JobId == job && e.Id > _after).OrderBy(e => e.Id).Take(BatchSize)
                .ToListAsync(cancel);
            foreach (var row in rows)
            {
                await WriteAsync(response, Message(row.Type, EventView.Of(row), row.Id), cancel);
                _after = row.Id;
            }
            if (rows.Count < BatchSize) return;
        }
    }

    private async Task WriteProgressAsync(JobsContext db, JobState state, HttpResponse response, CancellationToken cancel)
    {
        var stages = await db.Stages.AsNoTracking().Where(s => s.JobId == job).ToListAsync(cancel);
        if (stages.Count == 0) return;   // deleted
        stages.Sort((a, b) => a.Stage.CompareTo(b.Stage));
        var current = stages.First(s => s.Stage == JobReading.CurrentStage(stages));
        var progress = new ProgressView(current.Stage, state.Status, JobProgress.Of(stages), current.Step, current.Steps,
            ApiJson.Finite(current.Loss), ApiJson.Finite(current.TokensPerSecond), ApiJson.Finite(current.SecondsLeft),
            state.QueuePosition);
        if (progress == _shown) return;
        await WriteAsync(response, Message("progress", progress), cancel);
        (_shown, _shownAt) = (progress, clock.GetTimestamp());
    }

    private async Task WriteAsync(HttpResponse response, string message, CancellationToken cancel)
    {
        await response.WriteAsync(message, Encoding.UTF8, cancel);
        await response.Body.FlushAsync(cancel);
        _wroteAt = clock.GetTimestamp();
    }

    private static string Message<T>(string type, T data, long? id = null) =>
        $"{(id is null ? "" : $"id: {id}\n")}event: {type}\ndata: {JsonSerializer.Serialize(data, ApiJson.Options)}\n\n";
}
