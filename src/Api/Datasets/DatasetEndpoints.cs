using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.OpenApi;

namespace LoraDrop.Api;

/// <summary>Endpoints for datasets: upload or register, list, get, preview, delete.</summary>
internal static class DatasetEndpoints
{
    public static void MapDatasets(this IEndpointRouteBuilder routes)
    {
        var datasets = routes.MapGroup("/datasets").WithTags("Datasets");
        datasets.MapPost("", Add).WithName("addDataset").WithSummary("Create a dataset.")
            .WithMetadata(new DisableRequestSizeLimitAttribute())   // DatasetUpload enforces its own limit
            .WithDescription("Upload one file per split as multipart/form-data, or register a source as JSON. Formats, by file "
            + "extension: .jsonl, .json, .csv, .tsv, .txt (each optionally with .gz) and .parquet. Without "
            + "`validation`, a stratified tenth of `train` is held out. "
                + "The dataset is validated in the background; each fault gives file, row and column. Poll GET "
                + "/datasets/{nameOrId} until its status is `ready` or `failed`.")
            .TakesForm(DatasetUpload.Form())
            .TakesJson(typeof(Registration), new("register-dataset.json", "From the Hugging Face Hub"),
            new("register-dataset-folder.json", "From a folder on this machine"))
            .Answers(202, "The dataset is being validated.", null, null, ("Location", "URL of the dataset."))
            .Refuses(ProblemKind.BadRequest, ProblemKind.NotJson, ProblemKind.Invalid, ProblemKind.DatasetExists, ProblemKind.TooLarge,
            ProblemKind.UnsupportedMediaType, ProblemKind.CrossSite, ProblemKind.StorageFull, ProblemKind.StoreUnreachable);
        InputList.Describe(datasets.MapGet("", List).WithName("listDatasets").WithSummary("List datasets."));
        datasets.MapGet("/{nameOrId}", Get).WithName("getDataset").WithSummary("Get a dataset.")
            .WithDescription(
            "Returns splits and columns once the dataset is ready. If validation failed, returns every fault with file, row and column.")
            .Refuses(ProblemKind.DatasetNotFound);
        datasets.MapGet("/{nameOrId}/preview", Preview).WithName("previewDataset").WithSummary("Preview the first rows of a split.")
            .Takes("split", "The split to preview.",
            new OpenApiSchema { Type = JsonSchemaType.String, Enum = ["train", "validation", "test"], Default = "train" })
            .Refuses(ProblemKind.DatasetNotFound, ProblemKind.SplitNotFound, ProblemKind.DatasetNotReady, ProblemKind.Invalid,
            ProblemKind.StoreUnreachable);
        datasets.MapDelete("/{nameOrId}", Delete).WithName("deleteDataset").WithSummary("Delete a dataset.")
            .WithDescription(
            "Frees the name. The files are removed with the last job that refers to the dataset, or immediately if there is none.")
            .Answers(204, "Deleted.")
            .Refuses(ProblemKind.DatasetNotFound, ProblemKind.DatasetInUse, ProblemKind.CrossSite);
    }

    private static async Task<Results<Accepted<DatasetView>, ProblemHttpResult>> Add(HttpContext http, InputLife life, DatasetUpload upload,
        JobsContext db, ApiOptions options, CancellationToken cancel)
    {
        if (FormParts.IsForm(http.Request)) return await AnsweredAsync(http, await upload.ReceiveAsync(http.Request, cancel), db, cancel);
        if (!http.Request.HasJsonContentType())
            return Problems.Of(ProblemKind.UnsupportedMediaType,
                "Send files as multipart/form-data, or a name and a source as application/json.");
        var (asked, problem) = await JsonBody.ReadAsync(http.Request, options, Registration.Parse, cancel);
        return asked is null
            ? problem!
            : await AnsweredAsync(http, await life.RegisterDatasetAsync(asked.Name, asked.Source, asked.Shared, cancel), db, cancel);
    }

    private static async Task<Results<Ok<DatasetPage>, ProblemHttpResult>> List(HttpContext http, JobsContext db, Caller caller,
        CancellationToken cancel)
    {
        if (InputList.Read(http.Request.Query).IsRefused(out var refusal, out var list)) return Problems.From(refusal);
        var datasets = list.All
            ? db.Datasets.AsNoTracking().SeenBy(caller, db)
            : db.Datasets.AsNoTracking().SeenBy(caller, db).Where(d => d.Name != null);
        if (list.Before is { } before) datasets = datasets.Where(d => d.Id < before);
        var page = await datasets.OrderByDescending(d => d.Id).PageAsync(list.Limit, cancel);
        return TypedResults.Ok(new DatasetPage([.. page.Rows.Select(row => DatasetView.Of(row, columns: false))],
            page.Next(http, d => d.Id)));
    }

    private static async Task<Results<Ok<DatasetView>, ProblemHttpResult>> Get(string nameOrId, JobsContext db, Caller caller,
        CancellationToken cancel) =>
        await FindAsync(db, nameOrId, caller, cancel) is { } row
            ? TypedResults.Ok(DatasetView.Of(row, columns: true))
            : Problems.From(new Refusal.Missing("dataset", nameOrId));

    private static async Task<Results<Ok<PreviewView>, ProblemHttpResult>> Preview(string nameOrId, HttpContext http, JobsContext db,
        Caller caller, CancellationToken cancel)
    {
        var fields = new QueryFields(http.Request.Query);
        var wanted = fields.Text("split") ?? "train";
        if (fields.Refusal() is { } refusal) return Problems.From(refusal);
        if (await FindAsync(db, nameOrId, caller, cancel) is not { } row) return Problems.From(new Refusal.Missing("dataset", nameOrId));
        if (row.Facts is null)
        {
            http.Response.Headers.RetryAfter = "1";
            return Problems.Of(ProblemKind.DatasetNotReady,
                $"Dataset {nameOrId} is {JsonText.NameOf(row.Status)}; a preview is available once it is ready.");
        }
        if (row.Facts.Splits.FirstOrDefault(s => s.Split == wanted) is not { } split)
            return Problems.Of(ProblemKind.SplitNotFound,
                $"Dataset {nameOrId} has the splits {string.Join(", ", row.Facts.Splits.Select(s => s.Split))}.");
        return TypedResults.Ok(new PreviewView(split.Split, [.. split.Columns.Select(c => c.Name)], split.Preview, split.Rows));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Delete(string nameOrId, InputLife life, CancellationToken cancel) =>
        await life.DeleteDatasetAsync(nameOrId, cancel) is { } refusal ? Problems.From(refusal) : TypedResults.NoContent();

    private static Task<DatasetRow?> FindAsync(JobsContext db, string nameOrId, Caller caller, CancellationToken cancel) =>
        db.Datasets.AsNoTracking().SeenBy(caller, db).Named(nameOrId, caller).FirstOrDefaultAsync(cancel);

    private static async Task<Results<Accepted<DatasetView>, ProblemHttpResult>> AnsweredAsync(HttpContext http, Answer<DatasetRow> answer,
        JobsContext db, CancellationToken cancel)
    {
        if (answer.IsRefused(out var refusal, out var row)) return Problems.From(refusal);
        // as later requests show it
        var view = DatasetView.Of(await db.Datasets.AsNoTracking().SingleAsync(d => d.Id == row.Id, cancel), columns: true);
        http.Response.Headers.RetryAfter = "1";
        return TypedResults.Accepted(view.Href, view);
    }
}
