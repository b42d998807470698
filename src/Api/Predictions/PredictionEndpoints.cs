using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;

namespace LoraDrop.Api;

/// <summary>The endpoint that answers inputs with a finished job's adapter.</summary>
internal static class PredictionEndpoints
{
    public static void MapPredictions(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/jobs/{id:guid}/predict", Predict).WithTags("Predictions").WithName("predict")
            .WithSummary("Answer texts with a job's adapter.")
            .WithDescription("Give the inputs in exactly one form. `texts`: what is classified; for generation, whole prompts, or for a "
            + "job trained on conversations the user's message. `rows`: the columns that the job's task reads, which pairs need, and which "
            + "fill the prompt template. `messages`: conversations to answer.\n\n"
            + "With `base` the same inputs are answered once more with the adapter switched off. For classification and regression that "
            + "is the job's trained head on the base model, not the base model as published, which has no head for the task: it shows what "
            + "the adapter adds to the head, and tells little by itself.\n\n"
            + "With `stream`, or `Accept: text/event-stream`, the response is a stream of server-sent events: `token` (`index`, `source`, "
            + "`text`) with each piece of text, `answer` (`index`, `source`, `text`, `tokens`, `finish`, `remark`) with each finished "
            + "answer, and `done` (`job`, `seconds`, `worker`), after which the client must close the stream; or `error` with a problem. "
            + "Beam search sends a text in one piece, since it may change until it ends. "
            + "What goes wrong before the first event is an ordinary response.\n\n"
            + "A worker loads the model for the first prediction, and keeps it for a minute for the next ones.")
            .TakesJson(typeof(PredictRequest), new("predict-texts.json", "Texts to classify, beside the base model"),
            new("predict-rows.json", "Pairs of texts"), new("predict-stream.json", "Conversations, as a stream"))
            .TakesHeader("Accept", "`text/event-stream` for a stream.")
            .Produces<PredictionView>()
            .Answers(200, "The answers.", "prediction.json")
            .Refuses(ProblemKind.NotJson, ProblemKind.Invalid, ProblemKind.TooLarge, ProblemKind.UnsupportedMediaType,
            ProblemKind.CrossSite, ProblemKind.JobNotFound, ProblemKind.NoAdapter, ProblemKind.TooManyPredictions,
            ProblemKind.PredictionNotTaken, ProblemKind.PredictionFailed, ProblemKind.PredictionTooLong)
            .WithMetadata(new ReadsOnly()).Requires(Role.Read);

    private static async Task<IResult> Predict(Guid id, HttpContext http, JobsContext db, Caller caller, Predictions predictions,
        ApiOptions options, PredictionOptions limits, TimeProvider clock, IHostApplicationLifetime lifetime, CancellationToken cancel)
    {
        var began = clock.GetTimestamp();
        if (await db.Jobs.AsNoTracking().SeenBy(caller).SingleOrDefaultAsync(j => j.Id == id, cancel) is not { } job)
            return Problems.From(new Refusal.Missing("job", id.ToString()));
        if (job.Status != JobStatus.Succeeded)
            return Problems.From(EvaluationLife.NoAdapter(job));
        var (request, problem) = await JsonBody.ReadAsync(http.Request, options, PredictRequest.Parse, cancel);
        if (request is null) return problem!;
        if (Accepts(http.Request)) request = request with { Stream = true };
        var (faults, task) = (new List<Fault>(), job.Request.Task);
        request.Inputs(task, faults);
        request.Decoding(task, faults);
        if (faults.Count > 0) return Problems.From(new Refusal.Invalid(faults));
        if ((await predictions.AddAsync(job, caller.Owner, request, cancel)).IsRefused(out var refusal, out var row))
            return Problems.From(refusal);
        return new PredictionWait(row, request.Stream, began, predictions, limits, options, clock, lifetime);
    }

    private static bool Accepts(HttpRequest request) =>
        request.GetTypedHeaders().Accept.Any(type =>
            type.MediaType.Equals(ServerSentEvents.ContentType, StringComparison.OrdinalIgnoreCase));
}
