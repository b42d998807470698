using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Hosting;

namespace LoraDrop.Api;

/// <summary>Waits for a queued prediction, and responds with its answers, whole or as a stream.</summary>
/// <remarks>Until the first piece of a stream is there, problems have their own status; afterwards they are events.</remarks>
internal sealed class PredictionWait(PredictionRow row, bool stream, long began, Predictions predictions, PredictionOptions limits,
    ApiOptions options, TimeProvider clock, IHostApplicationLifetime lifetime) : IResult
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);

    private ServerSentEvents? _events;
    private int _sent;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var gone = httpContext.RequestAborted;
        try
        {
            await FollowAsync(httpContext, gone);
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested)
        {
            // The client has left.
        }
        finally
        {
            await predictions.RemoveAsync(row.Id); // which stops the worker, if it is still at it
        }
    }

    private double Seconds => Math.Round(clock.GetElapsedTime(began).TotalSeconds, 3);

    private async Task FollowAsync(HttpContext http, CancellationToken gone)
    {
        while (true)
        {
            var state = await predictions.StateAsync(row.Id, gone);
            if (stream && state?.Pieces > _sent) await SendAsync(http, state.Pieces, gone);
            if (state is { Result: { } result })
            {
                var worker = state.Worker!;
                if (stream) await (await EventsAsync(http, gone)).SendAsync("done", new DoneView(row.JobId, Seconds, worker), gone);
                else await TypedResults.Json(new PredictionView(row.JobId, JsonSerializer.Deserialize<PredictedItem[]>(result,
                    JsonText.Compact)!, Seconds, worker), ApiJson.Options).ExecuteAsync(http);
                return;
            }
            if (ProblemOf(state) is { } problem)
            {
                if (_events is not null) await _events.SendAsync("error", problem.ProblemDetails, gone);
                else
                {
                    RetryAfterHeader.Set(http, problem);
                    await problem.ExecuteAsync(http);
                }
                return;
            }
            if (_events is not null) await _events.KeepAliveAsync(gone);
            await Task.Delay(Between, clock, gone);
        }
    }

    private async Task SendAsync(HttpContext http, int upTo, CancellationToken gone)
    {
        var events = await EventsAsync(http, gone);
        foreach (var piece in await predictions.PiecesAsync(row.Id, _sent, upTo, gone))
            if (piece.Answer is { } answer)
                await events.SendAsync("answer", new AnswerView(piece.Index, piece.Source, answer.Text, answer.Tokens, answer.Finish,
                    piece.Remark), gone);
            else await events.SendAsync("token", new TokenView(piece.Index, piece.Source, piece.Text!), gone);
        _sent = upTo;
    }

    private async Task<ServerSentEvents> EventsAsync(HttpContext http, CancellationToken gone) =>
        _events ??= await ServerSentEvents.BeginAsync(http, options, clock, gone);

    /// <summary>Why there will be no answer; null while there may be one.</summary>
    private ProblemHttpResult? ProblemOf(PredictionState? state)
    {
        if (state is null) return Problems.Of(ProblemKind.PredictionFailed, "The prediction was removed while it waited.");
        if (state.Failure is { Code: FailureCode.Refused } refused) return Problems.From(new Refusal.Invalid(refused.Faults));
        if (state.Failure is { } failure) return Problems.Of(ProblemKind.PredictionFailed, failure.Message);
        if (state.IsLost)
            return Problems.Of(ProblemKind.PredictionFailed, $"Worker {state.Worker} took the prediction and is not heard of any more.");
        if (lifetime.ApplicationStopping.IsCancellationRequested)
            return Problems.Of(ProblemKind.PredictionFailed, "The service is stopping. Send the request again.", retryAfter: 5);
        if (clock.GetUtcNow() < row.WaitsUntil) return null;
        var limit = $"{limits.Time.TotalSeconds:0.###} s, the longest time of a prediction";
        return state.Worker is { } worker
            ? Problems.Of(ProblemKind.PredictionTooLong, $"Worker {worker} took the prediction, but did not answer within {limit}.")
            : Problems.Of(ProblemKind.PredictionNotTaken, $"No worker took the prediction within {limit}.");
    }
}
