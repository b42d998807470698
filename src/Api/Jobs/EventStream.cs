using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;

namespace LoraDrop.Api;

/// <summary>Streams a job's events (server-sent events): events after an id, progress in between, and a final end.</summary>
internal sealed class EventStream(Guid job, long after, IDbContextFactory<JobsContext> contexts, JobStateReader states, ApiOptions options,
    TimeProvider clock, IHostApplicationLifetime lifetime) : IResult
{
    private const int BatchSize = 500;

    private static readonly TimeSpan ProgressEvery = TimeSpan.FromSeconds(1);

    private long _after = after;
    private ProgressView? _shown;
    private long _shownAt;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(httpContext.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            await FollowAsync(await ServerSentEvents.BeginAsync(httpContext, options, clock, stop.Token), stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The client disconnected or the service is stopping. Clients resume with the id of the last event they received.
        }
    }

    private async Task FollowAsync(ServerSentEvents events, CancellationToken cancel)
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
                if (changed) await WriteEventsAsync(db, events, cancel);
                pending |= changed;
                var ended = JobMoves.IsEnd(state.Status);
                if (pending && (ended || _shown is null || clock.GetElapsedTime(_shownAt) >= ProgressEvery))
                {
                    await WriteProgressAsync(db, state, events, cancel);
                    pending = false;
                }
                if (ended)
                {
                    await events.SendAsync("end", new EndView(state.Status), cancel);
                    return;
                }
            }
            await events.KeepAliveAsync(cancel);
            await Task.Delay(options.StreamEvery, clock, cancel);
        }
    }

    private async Task WriteEventsAsync(JobsContext db, ServerSentEvents events, CancellationToken cancel)
    {
        while (true)
        {
            var rows = await db.Events.AsNoTracking().Where(e => e.JobId == job && e.Id > _after).OrderBy(e => e.Id).Take(BatchSize)
                .ToListAsync(cancel);
            foreach (var row in rows)
            {
                await events.SendAsync(row.Type, EventView.Of(row), cancel, row.Id);
                _after = row.Id;
            }
            if (rows.Count < BatchSize) return;
        }
    }

    private async Task WriteProgressAsync(JobsContext db, JobState state, ServerSentEvents events, CancellationToken cancel)
    {
        var stages = await db.Stages.AsNoTracking().Where(s => s.JobId == job).ToListAsync(cancel);
        if (stages.Count == 0) return;   // deleted
        stages.Sort((a, b) => a.Stage.CompareTo(b.Stage));
        var current = stages.First(s => s.Stage == JobReading.CurrentStage(stages));
        var progress = new ProgressView(current.Stage, state.Status, JobProgress.Of(stages), current.Step, current.Steps,
            ApiJson.Finite(current.Loss), ApiJson.Finite(current.TokensPerSecond), ApiJson.Finite(current.SecondsLeft),
            state.QueuePosition);
        if (progress == _shown) return;
        await events.SendAsync("progress", progress, cancel);
        (_shown, _shownAt) = (progress, clock.GetTimestamp());
    }
}
