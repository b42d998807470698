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

/// <summary>OpenAI-compatible endpoints for uploaded files and result files of jobs.</summary>
internal static class OpenAiFileEndpoints
{
    private const int Most = 10_000;

    public static void MapOpenAiFiles(this IEndpointRouteBuilder v1)
    {
        v1.MapPost("/files", Add).WithName("createFile").WithSummary("Upload a file.")
            .WithMetadata(new DisableRequestSizeLimitAttribute())   // FileUpload enforces its own limit
            .WithDescription("JSON Lines with `text` and `label`, with `prompt` and `completion`, or with `messages` that end "
            + "with the assistant's; or any format that a dataset may have. "
                + "The file is validated row by row when a job uses it.")
            .TakesForm(FileUpload.Form())
            .Refuses(ProblemKind.BadRequest, ProblemKind.Invalid, ProblemKind.TooLarge, ProblemKind.UnsupportedMediaType,
            ProblemKind.CrossSite, ProblemKind.StorageFull, ProblemKind.StoreUnreachable);
        v1.MapGet("/files", List).WithName("listFiles").WithSummary("List files.")
            .WithDescription(
            "Returns uploaded files, or with the purpose `fine-tune-results` the result files of jobs, ordered by job and name.")
            .Takes("purpose", "Return only files with this purpose.", Choice(FileUpload.FineTune, FileUpload.Results))
            .Takes("order", "Sort order by creation time.", Choice("desc", "asc"))
            .Takes("limit", "Maximum number of items to return.", Description.Integer(1, Most, Most))
            .Takes("after", "The last id of the previous page.", Description.Text())
            .Refuses(ProblemKind.Invalid);
        v1.MapGet("/files/{file_id}", Get).WithName("retrieveFile").WithSummary("Get a file.").Refuses(ProblemKind.FileNotFound);
        v1.MapGet("/files/{file_id}/content", Content).WithName("downloadFile").WithSummary("Download a file.")
            .Answers(200, "The content of the file.", null, "application/octet-stream", ("ETag", "SHA-256 digest of the file."))
            .Refuses(ProblemKind.FileNotFound, ProblemKind.StoreUnreachable);
        v1.MapDelete("/files/{file_id}", Delete).WithName("deleteFile").WithSummary("Delete a file.")
            .WithDescription("Ended jobs still refer to the file; its content is removed with the last of them. Result files "
            + "cannot be deleted on their own, only with their job.")
            .Refuses(ProblemKind.FileNotFound, ProblemKind.FileInUse, ProblemKind.CrossSite);
    }

    private static async Task<Results<Ok<OpenAiFile>, ProblemHttpResult>> Add(HttpContext http, FileUpload upload, CancellationToken cancel)
    {
        if (!FormParts.IsForm(http.Request))
            return Problems.Of(ProblemKind.UnsupportedMediaType, "Send the file as Content-Type: multipart/form-data.");
        if ((await upload.ReceiveAsync(http.Request, cancel)).IsRefused(out var refusal, out var row)) return Problems.From(refusal);
        var view = ViewOf(row);
        http.Features.Set(new CreatedLocation($"/v1/files/{view.Id}"));
        return TypedResults.Ok(view);
    }

    private static async Task<Results<Ok<OpenAiList<OpenAiFile>>, ProblemHttpResult>> List(HttpContext http, JobsContext db, Caller caller,
        CancellationToken cancel)
    {
        var fields = new QueryFields(http.Request.Query);
        var page = OpenAiPage.Read(fields, Most, Most);
        var (purpose, oldestFirst) = (fields.Text("purpose"), fields.Text("order"));
        if (oldestFirst is not (null or "asc" or "desc")) fields.Refuse("order", "must be asc or desc");
        var results = purpose == FileUpload.Results;
        var sent = results ? null : page.Place(fields, OpenAiIds.File);
        var left = results ? page.Place(fields, OpenAiIds.Result) : null;
        if (fields.Refusal() is { } refusal) return Problems.From(refusal);
        var found = results ? await ResultsAsync(db, caller, left, oldestFirst == "asc", page.Limit, cancel)
            : purpose is null or FileUpload.FineTune ? await SentAsync(db, caller, sent, oldestFirst == "asc", page.Limit, cancel)
            : new([], HasMore: false);   // no file has any other purpose
        return TypedResults.Ok(OpenAiList<OpenAiFile>.Of(found, file => file.Id));
    }

    private static async Task<Results<Ok<OpenAiFile>, ProblemHttpResult>> Get([FromRoute(Name = "file_id")] string id, JobsContext db,
        Caller caller, CancellationToken cancel)
    {
        if (await FindAsync(db, id, caller, cancel) is { } row) return TypedResults.Ok(ViewOf(row));
        return await FindResultAsync(db, id, caller, cancel) is { } left ? TypedResults.Ok(ViewOf(left)) : Missing(id);
    }

    private static async Task<Results<FileStreamHttpResult, ProblemHttpResult>> Content([FromRoute(Name = "file_id")] string id,
        HttpContext http, JobsContext db, Caller caller, IObjectStore objects, CancellationToken cancel)
    {
        if (await FindAsync(db, id, caller, cancel) is { } row)
            return await FileEndpoints.SendAsync(http, objects, new(row.Name, row.Key, row.Bytes, row.Sha256), row.CreatedAt, cancel);
        if (await FindResultAsync(db, id, caller, cancel) is { } left)
            return await FileEndpoints.SendAsync(http, objects, new(left.Name, left.Key, left.Bytes, left.Sha256), left.CreatedAt, cancel);
        return Missing(id);
    }

    private static async Task<Results<Ok<OpenAiDeleted>, ProblemHttpResult>> Delete([FromRoute(Name = "file_id")] string id, FileLife life,
        JobsContext db, Caller caller, CancellationToken cancel)
    {
        if (OpenAiIds.File(id) is not { } file)
            return await FindResultAsync(db, id, caller, cancel) is { } left
                ? Problems.Of(ProblemKind.FileInUse,
                $"{id} is a result file of the job {OpenAiIds.OfJob(left.JobId)}. Delete the job's fine-tuned model instead.")
                : Missing(id);
        return await life.DeleteAsync(file, cancel) switch
        {
            null => TypedResults.Ok(new OpenAiDeleted(id, "file", Deleted: true)),
            Refusal.Missing => Missing(id),
            var refusal => Problems.From(refusal),
        };
    }

    private static async Task<Page<OpenAiFile>> SentAsync(JobsContext db, Caller caller, Guid? after, bool oldestFirst, int limit,
        CancellationToken cancel)
    {
        var files = db.Files.AsNoTracking().SeenBy(caller);
        if (after is { } id) files = oldestFirst ? files.Where(f => f.Id > id) : files.Where(f => f.Id < id);
        var ordered = oldestFirst ? files.OrderBy(f => f.Id) : files.OrderByDescending(f => f.Id);
        return (await ordered.PageAsync(limit, cancel)).Select(ViewOf);
    }

    /// <summary>Result files, ordered by job and name.</summary>
    private static async Task<Page<OpenAiFile>> ResultsAsync(JobsContext db, Caller caller, (Guid Job, string Name)? after,
        bool oldestFirst, int limit, CancellationToken cancel)
    {
        var files = db.Artifacts.AsNoTracking().Where(a => db.Jobs.SeenBy(caller).Any(j => j.Id == a.JobId));
        if (after is var (job, name))
            files = oldestFirst
                ? files.Where(a => a.JobId > job || (a.JobId == job && string.Compare(a.Name, name) > 0))
                : files.Where(a => a.JobId < job || (a.JobId == job && string.Compare(a.Name, name) > 0));
        var ordered = oldestFirst
            ? files.OrderBy(a => a.JobId).ThenBy(a => a.Name)
            : files.OrderByDescending(a => a.JobId).ThenBy(a => a.Name);
        return (await ordered.PageAsync(limit, cancel)).Select(ViewOf);
    }

    private static async Task<FileRow?> FindAsync(JobsContext db, string id, Caller caller, CancellationToken cancel) =>
        OpenAiIds.File(id) is { } file
            ? await db.Files.AsNoTracking().SeenBy(caller).SingleOrDefaultAsync(f => f.Id == file, cancel)
            : null;

    private static async Task<ArtifactRow?> FindResultAsync(JobsContext db, string id, Caller caller, CancellationToken cancel) =>
        OpenAiIds.Result(id) is var (job, name) ? await db.Artifacts.AsNoTracking()
            .SingleOrDefaultAsync(a => a.JobId == job && a.Name == name && db.Jobs.SeenBy(caller).Any(j => j.Id == job), cancel) : null;

    private static OpenAiFile ViewOf(FileRow row) =>
        new(OpenAiIds.OfFile(row.Id), "file", row.Bytes, FineTuningReading.Seconds(row.CreatedAt), row.Name, FileUpload.FineTune,
            "processed");

    private static OpenAiFile ViewOf(ArtifactRow row) =>
        new(OpenAiIds.OfResult(row.JobId, row.Name), "file", row.Bytes, FineTuningReading.Seconds(row.CreatedAt), row.Name,
            FileUpload.Results, "processed");

    private static ProblemHttpResult Missing(string id) => Problems.Of(ProblemKind.FileNotFound, $"File {PlainText.Shown(id)} not found.");

    private static OpenApiSchema Choice(params string[] choices) =>
        new() { Type = JsonSchemaType.String, Enum = [.. choices.Select(choice => System.Text.Json.Nodes.JsonValue.Create(choice))],
            Default = choices[0] };
}
