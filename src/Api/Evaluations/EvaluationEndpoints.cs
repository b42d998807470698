using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>Endpoints for evaluations of a job's adapter: submit, list, get, download, delete.</summary>
internal static class EvaluationEndpoints
{
    public static void MapEvaluations(this IEndpointRouteBuilder routes)
    {
        var evaluations = routes.MapGroup("/jobs/{id:guid}/evaluations").WithTags("Predictions");
        evaluations.MapPost("", Submit).WithName("submitEvaluation").WithSummary("Score an adapter on a dataset.")
            .WithDescription("Scores the adapter of a job that succeeded on a split of a registered dataset, with the metrics of the job's "
            + "task, and stores the predictions. A worker with a free device runs it, before it takes the next stage.\n\n"
            + "With `base` the model is also scored with the adapter switched off. For classification and regression that is the job's "
            + "trained head on the base model, not the base model as published, which has no head for the task.")
            .TakesJson(typeof(EvaluationRequest), new DescribedExample("evaluation.json", "The test split, beside the base model"))
            .Answers(202, "The evaluation was queued. Poll it for its status.", "evaluation-accepted.json", null,
            ("Location", "URL of the evaluation."), ("Retry-After", "Seconds to wait before polling."))
            .Refuses(ProblemKind.NotJson, ProblemKind.Invalid, ProblemKind.TooLarge, ProblemKind.UnsupportedMediaType,
            ProblemKind.CrossSite, ProblemKind.JobNotFound, ProblemKind.NoAdapter, ProblemKind.DatasetNotReady, ProblemKind.QuotaExceeded);
        evaluations.MapGet("", List).WithName("listEvaluations").WithSummary("List evaluations of a job.")
            .WithDescription("Returns evaluations newest first.")
            .Takes("limit", "Maximum number of items to return.", Description.Integer(1, 100, 20))
            .Takes("cursor", "The `next` value of the previous page.", Description.Text())
            .Answers(200, "A page of the list.", null, null, ("Link", "URL of the next page (rel=next); absent on the last page."))
            .Refuses(ProblemKind.JobNotFound, ProblemKind.Invalid);
        evaluations.MapGet("/{evaluation:guid}", Get).WithName("getEvaluation").WithSummary("Get an evaluation.")
            .Answers(200, "The evaluation.", "evaluation-succeeded.json")
            .Refuses(ProblemKind.JobNotFound, ProblemKind.EvaluationNotFound);
        evaluations.MapGet("/{evaluation:guid}/files/{name}", Download).WithName("getEvaluationFile")
            .WithSummary("Download an evaluation's predictions.")
            .Takes("name", "`predictions.jsonl` or `base-predictions.jsonl`.", Description.Text())
            .TakesHeader("Range", "Byte range to download, such as `bytes=0-1023`.")
            .Answers(200, "The file.", null, "application/octet-stream", ("ETag", "SHA-256 digest of the file."),
            ("Repr-Digest", "SHA-256 digest of the file (RFC 9530)."))
            .Answers(206, "The requested byte range.", null, "application/octet-stream")
            .Answers(304, "The file matches If-None-Match.")
            .Answers(416, "The requested range is not within the file.")
            .Refuses(ProblemKind.JobNotFound, ProblemKind.EvaluationNotFound, ProblemKind.ArtifactNotFound, ProblemKind.StoreUnreachable);
        evaluations.MapDelete("/{evaluation:guid}", Delete).WithName("deleteEvaluation").WithSummary("Stop and delete an evaluation.")
            .WithDescription("One that waits or runs is stopped. Its files are deleted with it.")
            .Answers(204, "The evaluation was deleted.")
            .Refuses(ProblemKind.JobNotFound, ProblemKind.EvaluationNotFound, ProblemKind.CrossSite);
    }

    private static async Task<Results<Accepted<EvaluationView>, ProblemHttpResult>> Submit(Guid id, HttpContext http, EvaluationLife life,
        ApiOptions options, CancellationToken cancel)
    {
        var (request, problem) = await JsonBody.ReadAsync(http.Request, options, EvaluationRequest.Parse, cancel);
        if (request is null) return problem!;
        if ((await life.SubmitAsync(id, request, ReservedId.Of(http), cancel)).IsRefused(out var refusal, out var row))
            return Problems.From(refusal);
        var view = EvaluationView.Of(row);
        http.Response.Headers.RetryAfter = "1";
        return TypedResults.Accepted(view.Href, view);
    }

    private static async Task<Results<Ok<EvaluationPage>, ProblemHttpResult>> List(Guid id, HttpContext http, JobsContext db,
        CancellationToken cancel)
    {
        var fields = new QueryFields(http.Request.Query);
        var (limit, before) = ((int)(fields.Integer("limit", 1, 100) ?? 20), Cursor.Read(fields));
        if (fields.Refusal() is { } refusal) return Problems.From(refusal);
        if (!await db.Jobs.AnyAsync(j => j.Id == id, cancel)) return Problems.From(new Refusal.Missing("job", id.ToString()));
        var rows = db.Evaluations.AsNoTracking().Where(e => e.JobId == id);
        if (before is { } cursor) rows = rows.Where(e => e.Id < cursor);
        var page = await rows.OrderByDescending(e => e.Id).PageAsync(limit, cancel);
        return TypedResults.Ok(new EvaluationPage([.. page.Rows.Select(EvaluationView.Of)], page.Next(http, e => e.Id)));
    }

    private static async Task<Results<Ok<EvaluationView>, ProblemHttpResult>> Get(Guid id, Guid evaluation, JobsContext db,
        CancellationToken cancel) => await FindAsync(db, id, evaluation, cancel) is { } row
        ? TypedResults.Ok(EvaluationView.Of(row))
        : Problems.From(await MissingAsync(db, id, evaluation, cancel));

    private static async Task<Results<FileStreamHttpResult, ProblemHttpResult>> Download(Guid id, Guid evaluation, string name,
        HttpContext http, JobsContext db, IObjectStore objects, CancellationToken cancel)
    {
        if (await FindAsync(db, id, evaluation, cancel) is not { } row)
            return Problems.From(await MissingAsync(db, id, evaluation, cancel));
        return row.Files.FirstOrDefault(file => file.Name == name) is { } file
            ? await FileEndpoints.SendAsync(http, objects, file, row.FinishedAt!.Value, cancel)
            : Problems.Of(ProblemKind.ArtifactNotFound, $"Evaluation {evaluation} is {JsonText.NameOf(row.Status)} and has "
                + $"{(row.Files.Count == 0 ? "no files" : $"the files {string.Join(", ", row.Files.Select(known => known.Name))}")}.");
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Delete(Guid id, Guid evaluation, EvaluationLife life,
        CancellationToken cancel) =>
        await life.DeleteAsync(id, evaluation, cancel) is { } refusal ? Problems.From(refusal) : TypedResults.NoContent();

    private static Task<EvaluationRow?> FindAsync(JobsContext db, Guid job, Guid id, CancellationToken cancel) =>
        db.Evaluations.AsNoTracking().SingleOrDefaultAsync(e => e.JobId == job && e.Id == id, cancel);

    private static async Task<Refusal> MissingAsync(JobsContext db, Guid job, Guid id, CancellationToken cancel) =>
        await db.Jobs.AnyAsync(j => j.Id == job, cancel) ? new Refusal.Missing("evaluation", id.ToString())
            : new Refusal.Missing("job", job.ToString());
}
