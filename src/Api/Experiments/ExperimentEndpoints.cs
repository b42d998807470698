using System.Text;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>Endpoints for experiments: submit, preview, list, get, results, extend, pause, resume, cancel, retry, delete.</summary>
internal static class ExperimentEndpoints
{
    public static void MapExperiments(this IEndpointRouteBuilder routes)
    {
        var experiments = routes.MapGroup("/experiments").WithTags("Experiments");
        experiments.MapPost("", Submit).WithName("submitExperiment").WithSummary("Create an experiment.")
            .WithDescription("Creates a job for every combination of the grid's values, or for a table of the paper. The jobs are "
            + "ordinary jobs with the label `experiment`. Jobs that differ only in what is kept share one importance evaluation.")
            .TakesJson(typeof(ExperimentBody), new("experiment.json", "LoRA-drop against LoRA, at two thresholds, over three seeds"),
                new("experiment-table-1.json", "Table 1 of the paper"))
            .Answers(202, "The experiment and its jobs were created.", null, null, ("Location", "URL of the experiment."),
            ("Retry-After", "Seconds to wait before polling."))
            .Refuses(ProblemKind.NotJson, ProblemKind.Invalid, ProblemKind.TooLarge, ProblemKind.UnsupportedMediaType,
            ProblemKind.CrossSite, ProblemKind.QuotaExceeded, ProblemKind.StorageFull);
        experiments.MapPost("/preview", Preview).WithName("previewExperiment").WithSummary("Preview an experiment.")
            .WithDescription("Takes the same body as `POST /experiments` and returns its jobs and faults. Nothing is stored or queued.")
            .TakesJson(typeof(ExperimentBody),
                new DescribedExample("experiment.json", "LoRA-drop against LoRA, at two thresholds, over three seeds"))
            .Refuses(ProblemKind.NotJson, ProblemKind.Invalid, ProblemKind.TooLarge, ProblemKind.UnsupportedMediaType,
            ProblemKind.CrossSite)
            .WithMetadata(new ReadsOnly()).Requires(Role.Read);
        experiments.MapGet("/presets", Presets).WithName("listExperimentPresets").WithSummary("List presets of experiments.")
            .WithDescription("The tables and figures of the LoRA-drop paper.");
        experiments.MapGet("", List).WithName("listExperiments").WithSummary("List experiments.")
            .WithDescription("Returns items newest first. Pass `next` as `cursor` to get the next page, or follow the `Link` header.")
            .Takes("limit", "Maximum number of items to return.", Description.Integer(1, 100, 20))
            .Takes("cursor", "The `next` value of the previous page.", Description.Text())
            .Answers(200, "A page of the list.", null, null, ("Link", "URL of the next page (rel=next); absent on the last page."))
            .Refuses(ProblemKind.Invalid);
        experiments.MapGet("/{id:guid}", Get).WithName("getExperiment").WithSummary("Get an experiment.")
            .Refuses(ProblemKind.ExperimentNotFound);
        experiments.MapGet("/{id:guid}/results", Results).WithName("getExperimentResults").WithSummary("Get the results of an experiment.")
            .WithDescription("Mean and standard deviation over the seeds of each combination, of the best and the last evaluation; "
            + "parameters; time; and paired tests against the baseline. Available while jobs run: what is missing is listed.")
            .Takes("format", "The format.", Description.Choice<ResultFormat>(ResultFormat.Json))
            .Produces<ExperimentResults>()
            .Answers(200, "The results so far.")
            .Refuses(ProblemKind.ExperimentNotFound, ProblemKind.Invalid);
        experiments.MapGet("/{id:guid}/figures", Figures).WithName("listExperimentFigures")
            .WithSummary("List the figures of an experiment.")
            .WithDescription("Scores, scores against parameters and T, importance by layer, and histograms of ‖ΔWx‖², as far as its jobs "
            + "have ended.")
            .Refuses(ProblemKind.ExperimentNotFound);
        experiments.MapGet("/{id:guid}/figures/{file}", Figure).WithName("getExperimentFigure")
            .WithSummary("Get a figure of an experiment.")
            .WithDescription("`file` is a name of the list, with the ending `.svg`, `.png` or `.csv`.")
            .Takes("dark", "Draw it for a dark page.", Description.Flag(false))
            .Answers(200, "The picture, or its figures.", null, "image/svg+xml")
            .Refuses(ProblemKind.ExperimentNotFound, ProblemKind.FigureNotFound, ProblemKind.Invalid);
        experiments.MapPost("/{id:guid}/extend", Extend).WithName("extendExperiment").WithSummary("Add seeds to an experiment.")
            .WithDescription("Creates the same jobs with more seeds.")
            .TakesJson(typeof(ExperimentExtension), new DescribedExample("experiment-extend.json", "Two more seeds"))
            .Answers(202, "The new jobs were created.")
            .Refuses(ProblemKind.NotJson, ProblemKind.ExperimentNotFound, ProblemKind.Invalid, ProblemKind.TooLarge,
            ProblemKind.UnsupportedMediaType, ProblemKind.CrossSite, ProblemKind.QuotaExceeded, ProblemKind.StorageFull);
        experiments.MapPost("/{id:guid}/pause", Pause).WithName("pauseExperiment").WithSummary("Pause an experiment.")
            .WithDescription("Pauses its unfinished jobs, and queues no other until it is resumed.")
            .Answers(202, "The pause was requested.")
            .Refuses(ProblemKind.ExperimentNotFound, ProblemKind.ExperimentEnded, ProblemKind.CrossSite);
        experiments.MapPost("/{id:guid}/resume", Resume).WithName("resumeExperiment").WithSummary("Resume a paused experiment.")
            .Answers(202, "Its jobs were queued again.")
            .Refuses(ProblemKind.ExperimentNotFound, ProblemKind.ExperimentNotPaused, ProblemKind.CrossSite);
        experiments.MapPost("/{id:guid}/cancel", Cancel).WithName("cancelExperiment").WithSummary("Cancel an experiment.")
            .WithDescription("Cancels its unfinished jobs. Results of finished jobs stay.")
            .Answers(202, "Cancellation was requested.")
            .Refuses(ProblemKind.ExperimentNotFound, ProblemKind.ExperimentEnded, ProblemKind.CrossSite);
        experiments.MapPost("/{id:guid}/retry", Retry).WithName("retryExperiment").WithSummary("Retry what failed.")
            .WithDescription("Queues every failed or cancelled job again, from its last checkpoint. If the model or dataset of some was "
            + "deleted, the others are queued all the same.")
            .Answers(202, "The jobs were queued again.")
            .Refuses(ProblemKind.ExperimentNotFound, ProblemKind.ModelDeleted, ProblemKind.DatasetDeleted, ProblemKind.CrossSite);
        experiments.MapDelete("/{id:guid}", Delete).WithName("deleteExperiment").WithSummary("Delete an experiment.")
            .WithDescription("Deletes the experiment and its jobs, which must all have ended. The jobs can be restored one by one for "
            + "some days.")
            .Answers(204, "Deleted.")
            .Refuses(ProblemKind.ExperimentNotFound, ProblemKind.ExperimentActive, ProblemKind.CrossSite);
    }

    private static async Task<Results<Accepted<ExperimentView>, ProblemHttpResult>> Submit(HttpContext http, ExperimentLife life,
        JobsContext db, ApiOptions options, CancellationToken cancel)
    {
        var (request, problem) = await JsonBody.ReadAsync(http.Request, options, ExperimentRequest.Parse, cancel);
        return request is null
            ? problem!
            : await AcceptedAsync(await life.SubmitAsync(request, ReservedId.Of(http), cancel), http, db, cancel);
    }

    private static async Task<Results<Ok<ExperimentPreview>, ProblemHttpResult>> Preview(HttpContext http, ExperimentLife life,
        ApiOptions options, CancellationToken cancel)
    {
        var (request, problem) = await JsonBody.ReadAsync(http.Request, options, ExperimentRequest.Parse, cancel);
        if (request is null) return problem!;
        var (plan, _, faults) = await life.ValidateAsync(request, cancel);
        JobRequest[] jobs = [.. plan.Points.Select(point => point.Draft.Request)];
        return TypedResults.Ok(new ExperimentPreview(plan.Points.Count,
            [.. plan.Points.Select(point => point.Values.Where(value => value.Value is not null).ToDictionary(v => v.Key, v => v.Value!))],
            jobs.Count(job => job is { Sharing: not null, Importance.From: null }) - ExperimentPlan.SharedImportance(jobs).Count,
            plan.Remarks, faults));
    }

    private static Ok<ExperimentPresetList> Presets() => TypedResults.Ok(new ExperimentPresetList([.. PaperPresets.All.Select(preset =>
        new ExperimentPresetView(preset.Name, preset.Title, preset.Tasks, [.. preset.Rows.Select(row => row.Name)]))]));

    private static async Task<Results<Ok<ExperimentPage>, ProblemHttpResult>> List(HttpContext http, JobsContext db, Caller caller,
        CancellationToken cancel)
    {
        var fields = new QueryFields(http.Request.Query);
        var (limit, before) = ((int)(fields.Integer("limit", 1, 100) ?? 20), Cursor.Read(fields));
        if (fields.Refusal() is { } refusal) return Problems.From(refusal);
        var rows = db.Experiments.AsNoTracking().SeenBy(caller);
        if (before is { } last) rows = rows.Where(e => e.Id < last);
        var page = await rows.OrderByDescending(e => e.Id).PageAsync(limit, cancel);
        return TypedResults.Ok(new ExperimentPage(await ExperimentReading.SummariesAsync(db, page.Rows, cancel),
            page.Next(http, e => e.Id)));
    }

    private static async Task<Results<Ok<ExperimentView>, ProblemHttpResult>> Get(Guid id, JobsContext db, Caller caller,
        CancellationToken cancel) => await OneAsync(db, caller, id, cancel) is { } row
            ? TypedResults.Ok(await ExperimentReading.ViewAsync(db, row, cancel))
            : Problems.From(Missing(id));

    private static async Task<Results<Ok<ExperimentResults>, ContentHttpResult, ProblemHttpResult>> Results(Guid id, HttpContext http,
        JobsContext db, Caller caller, CancellationToken cancel)
    {
        var fields = new QueryFields(http.Request.Query);
        var format = fields.Choice<ResultFormat>("format") ?? ResultFormat.Json;
        if (fields.Refusal() is { } refusal) return Problems.From(refusal);
        if (await OneAsync(db, caller, id, cancel) is not { } row) return Problems.From(Missing(id));
        var results = await ExperimentResults.ReadAsync(db, row, cancel);
        return format switch
        {
            ResultFormat.Csv => TypedResults.Text(ResultTable.Csv(results), "text/csv", Encoding.UTF8),
            ResultFormat.Markdown => TypedResults.Text(ResultTable.Markdown(results), "text/markdown", Encoding.UTF8),
            ResultFormat.Latex => TypedResults.Text(ResultTable.Latex(results), "application/x-latex", Encoding.UTF8),
            _ => TypedResults.Ok(results),
        };
    }

    private static async Task<Results<Ok<FigureList>, ProblemHttpResult>> Figures(Guid id, JobsContext db, Caller caller,
        CancellationToken cancel)
    {
        if (await OneAsync(db, caller, id, cancel) is not { } row) return Problems.From(Missing(id));
        var figures = await ExperimentFigures.DrawAsync(db, row, dark: false, cancel);
        return TypedResults.Ok(FigureEndpoints.ListOf(figures, file => $"/experiments/{id}/figures/{file}"));
    }

    private static async Task<Results<FileContentHttpResult, ProblemHttpResult>> Figure(Guid id, string file, HttpContext http,
        JobsContext db, Caller caller, CancellationToken cancel)
    {
        var fields = new QueryFields(http.Request.Query);
        var dark = fields.Flag("dark") ?? false;
        if (fields.Refusal() is { } refusal) return Problems.From(refusal);
        if (await OneAsync(db, caller, id, cancel) is not { } row) return Problems.From(Missing(id));
        var figures = await ExperimentFigures.DrawAsync(db, row, dark, cancel);
        return FigureEndpoints.FileOf(figures, file);
    }

    private static async Task<Results<Accepted<ExperimentView>, ProblemHttpResult>> Extend(Guid id, HttpContext http, ExperimentLife life,
        JobsContext db, ApiOptions options, CancellationToken cancel)
    {
        var (seeds, problem) = await JsonBody.ReadAsync(http.Request, options, ExperimentRequest.ReadSeeds, cancel);
        return seeds is null ? problem! : await AcceptedAsync(await life.ExtendAsync(id, seeds, cancel), http, db, cancel);
    }

    private static async Task<Results<Accepted<ExperimentView>, ProblemHttpResult>> Pause(Guid id, HttpContext http, ExperimentLife life,
        JobsContext db, CancellationToken cancel) => await AcceptedAsync(await life.PauseAsync(id, cancel), http, db, cancel);

    private static async Task<Results<Accepted<ExperimentView>, ProblemHttpResult>> Resume(Guid id, HttpContext http, ExperimentLife life,
        JobsContext db, CancellationToken cancel) => await AcceptedAsync(await life.ResumeAsync(id, cancel), http, db, cancel);

    private static async Task<Results<Accepted<ExperimentView>, ProblemHttpResult>> Cancel(Guid id, HttpContext http, ExperimentLife life,
        JobsContext db, CancellationToken cancel) => await AcceptedAsync(await life.CancelAsync(id, cancel), http, db, cancel);

    private static async Task<Results<Accepted<ExperimentView>, ProblemHttpResult>> Retry(Guid id, HttpContext http, ExperimentLife life,
        JobsContext db, CancellationToken cancel) => await AcceptedAsync(await life.RetryAsync(id, cancel), http, db, cancel);

    private static async Task<Results<NoContent, ProblemHttpResult>> Delete(Guid id, ExperimentLife life, CancellationToken cancel) =>
        await life.DeleteAsync(id, cancel) is { } refusal ? Problems.From(refusal) : TypedResults.NoContent();

    private static async Task<Results<Accepted<ExperimentView>, ProblemHttpResult>> AcceptedAsync(Answer<ExperimentRow> answer,
        HttpContext http, JobsContext db, CancellationToken cancel)
    {
        if (answer.IsRefused(out var refusal, out var row)) return Problems.From(refusal);
        http.Response.Headers.RetryAfter = "1";
        return TypedResults.Accepted($"/experiments/{row.Id}", await ExperimentReading.ViewAsync(db, row, cancel));
    }

    private static Task<ExperimentRow?> OneAsync(JobsContext db, Caller caller, Guid id, CancellationToken cancel) =>
        db.Experiments.AsNoTracking().SeenBy(caller).SingleOrDefaultAsync(e => e.Id == id, cancel);

    private static Refusal.Missing Missing(Guid id) => new("experiment", id.ToString());
}
