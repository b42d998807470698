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

/// <summary>Datasets: upload or register, list, look at, preview, delete.</summary>
internal static class DatasetEndpoints
{
    public static void MapDatasets(this IEndpointRouteBuilder routes)
    {
        var datasets = routes.MapGroup("/datasets").WithTags("Datasets");
        datasets.MapPost("", Add).WithName("addDataset").WithSummary("Upload a dataset, or register one by its source.")
            .WithMetadata(new DisableRequestSizeLimitAttribute())   // DatasetUpload counts by itself
            .WithDescription("A file per split, as .jsonl, .json, .csv, .tsv or .txt (each perhaps packed, .gz), or .parquet: the end of its name says the format. Without `validation`, a stratified tenth of `train` is kept aside. "
                + "It is validated at once; what is wrong is named by file, row and column. By its source, a dataset is sent as JSON instead.")
            .TakesForm(DatasetUpload.Form())
            .TakesJson(typeof(Registration), new("register-dataset.json", "From the hub"), new("register-dataset-folder.json", "A folder on this machine"))
            .Answers(202, "It is being validated.", null, null, ("Location", "The dataset's own address."))
            .Refuses(ProblemKind.BadRequest, ProblemKind.NotJson, ProblemKind.Invalid, ProblemKind.DatasetExists, ProblemKind.TooLarge, ProblemKind.UnsupportedMediaType, ProblemKind.CrossSite, ProblemKind.StorageFull, ProblemKind.StoreUnreachable);
        InputList.Describe(datasets.MapGet("", List).WithName("listDatasets").WithSummary("List datasets, newest first."));
        datasets.MapGet("/{nameOrId}", Get).WithName("getDataset").WithSummary("Look at a dataset.")
            .WithDescription("Its splits and columns once it is ready; where it failed, every fault with file, row and column.")
            .Refuses(ProblemKind.DatasetNotFound);
        datasets.MapGet("/{nameOrId}/preview", Preview).WithName("previewDataset").WithSummary("See the first rows of a split.")
            .Takes("split", "The split.", new OpenApiSchema { Type = JsonSchemaType.String, Enum = ["train", "validation", "test"], Default = "train" })
            .Refuses(ProblemKind.DatasetNotFound, ProblemKind.SplitNotFound, ProblemKind.DatasetNotReady, ProblemKind.Invalid, ProblemKind.StoreUnreachable);
        datasets.MapDelete("/{nameOrId}", Delete).WithName("deleteDataset").WithSummary("Delete a dataset.")
            .WithDescription("Its name is free again. Its files go when no job refers to it any more: at once, or with the last job that learned from it.")
            .Answers(204, "It is gone.")
            .Refuses(ProblemKind.DatasetNotFound, ProblemKind.DatasetInUse, ProblemKind.CrossSite);
    }

    private static async Task<Results<Accepted<DatasetView>, ProblemHttpResult>> Add(HttpContext http, InputLife life, DatasetUpload upload, JobsContext db, ApiOptions options, CancellationToken cancel)
    {
        if (FormParts.IsForm(http.Request)) return await AnsweredAsync(http, await upload.ReceiveAsync(http.Request, cancel), db, cancel);
        if (!http.Request.HasJsonContentType())
            return Problems.Of(ProblemKind.UnsupportedMediaType, "Send files as Content-Type: multipart/form-data, or a name and a source as application/json.");
        var (asked, problem) = await JsonBody.ReadAsync(http.Request, options, Registration.Parse, cancel);
        return asked is null ? problem! : await AnsweredAsync(http, await life.RegisterDatasetAsync(asked.Name, asked.Source, asked.Shared, cancel), db, cancel);
    }

    private static async Task<Results<Ok<DatasetPage>, ProblemHttpResult>> List(HttpContext http, JobsContext db, Caller caller, CancellationToken cancel)
    {
        if (InputList.Read(http.Request.Query).IsRefused(out var refusal, out var list)) return Problems.From(refusal);
        var datasets = list.All ? db.Datasets.AsNoTracking().SeenBy(caller, db) : db.Datasets.AsNoTracking().SeenBy(caller, db).Where(d => d.Name != null);
        if (list.Before is { } before) datasets = datasets.Where(d => d.Id < before);
        var page = await datasets.OrderByDescending(d => d.Id).PageAsync(list.Limit, cancel);
        return TypedResults.Ok(new DatasetPage([.. page.Rows.Select(row => DatasetView.Of(row, columns: false))], page.Next(http, d => d.Id)));
    }

    private static async Task<Results<Ok<DatasetView>, ProblemHttpResult>> Get(string nameOrId, JobsContext db, Caller caller, CancellationToken cancel) =>
        await FindAsync(db, nameOrId, caller, cancel) is { } row ? TypedResults.Ok(DatasetView.Of(row, columns: true)) : Problems.From(new Refusal.Missing("dataset", nameOrId));

    private static async Task<Results<Ok<PreviewView>, ProblemHttpResult>> Preview(string nameOrId, HttpContext http, JobsContext db, Caller caller, CancellationToken cancel)
    {
        var fields = new QueryFields(http.Request.Query);
        var wanted = fields.Text("split") ?? "train";
        if (fields.Refusal() is { } refusal) return Problems.From(refusal);
        if (await FindAsync(db, nameOrId, caller, cancel) is not { } row) return Problems.From(new Refusal.Missing("dataset", nameOrId));
        if (row.Facts is null)
        {
            http.Response.Headers.RetryAfter = "1";
            return Problems.Of(ProblemKind.DatasetNotReady, $"The dataset {nameOrId} is {JsonText.NameOf(row.Status)}; its rows can be seen when it is ready.");
        }
        if (row.Facts.Splits.FirstOrDefault(s => s.Split == wanted) is not { } split)
            return Problems.Of(ProblemKind.SplitNotFound, $"The dataset {nameOrId} has the splits {string.Join(", ", row.Facts.Splits.Select(s => s.Split))}.");
        return TypedResults.Ok(new PreviewView(split.Split, [.. split.Columns.Select(c => c.Name)], split.Preview, split.Rows));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Delete(string nameOrId, InputLife life, CancellationToken cancel) =>
        await life.DeleteDatasetAsync(nameOrId, cancel) is { } refusal ? Problems.From(refusal) : TypedResults.NoContent();

    private static Task<DatasetRow?> FindAsync(JobsContext db, string nameOrId, Caller caller, CancellationToken cancel) => db.Datasets.AsNoTracking().SeenBy(caller, db).Named(nameOrId, caller).FirstOrDefaultAsync(cancel);

    private static async Task<Results<Accepted<DatasetView>, ProblemHttpResult>> AnsweredAsync(HttpContext http, Answer<DatasetRow> answer, JobsContext db, CancellationToken cancel)
    {
        if (answer.IsRefused(out var refusal, out var row)) return Problems.From(refusal);
        var view = DatasetView.Of(await db.Datasets.AsNoTracking().SingleAsync(d => d.Id == row.Id, cancel), columns: true);   // as every later look shows it
        http.Response.Headers.RetryAfter = "1";
        return TypedResults.Accepted(view.Href, view);
    }
}
