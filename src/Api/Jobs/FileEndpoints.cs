using System.Globalization;
using System.Net.Http.Headers;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using EntityTag = Microsoft.Net.Http.Headers.EntityTagHeaderValue;

namespace LoraDrop.Api;

/// <summary>The files that a job leaves: checkpoints while it runs, artifacts when a stage is done. Names are looked up in rows and never become paths.</summary>
internal static class FileEndpoints
{
    private const string CheckpointFile = "checkpoint.safetensors";

    private static readonly TimeSpan AddressesLast = TimeSpan.FromHours(1);

    public static void MapFiles(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup("/jobs/{id:guid}").WithTags("Files");
        jobs.MapGet("/artifacts", ListArtifacts).WithName("listArtifacts").WithSummary("List the files that a job left.")
            .WithDescription("They come as stages succeed: the importance and its chart, then the adapter as PEFT reads it, the compact adapter, the result, curves and a model card. "
                + "Where the store gives them, `downloadUrl` is an address that needs no key and no service; it lasts an hour, and listing again gives a new one.")
            .Refuses(ProblemKind.JobNotFound);
        jobs.MapGet("/artifacts/{**name}", GetArtifact).WithName("getArtifact").WithSummary("Download a file.")
            .TakesHeader("Range", "A part of the file: `bytes=0-1023`.")
            .Answers(200, "The file. JSON and SVG are shown by a browser, all else is saved.", null, "application/octet-stream", ("ETag", "The sha256 of the file."), ("Repr-Digest", "The same, as RFC 9530 has it."))
            .Answers(206, "The part that was asked for.", null, "application/octet-stream")
            .Answers(304, "The file is the one that If-None-Match names.")
            .Answers(416, "The file has no such part.")
            .Refuses(ProblemKind.JobNotFound, ProblemKind.ArtifactNotFound, ProblemKind.StoreUnreachable);
        jobs.MapGet("/checkpoints", ListCheckpoints).WithName("listCheckpoints").WithSummary("List the points from which a job can go on.")
            .WithDescription("Only the newest checkpoint of a stage keeps its file.")
            .Refuses(ProblemKind.JobNotFound);
        jobs.MapGet("/checkpoints/{stage}/{step}", GetCheckpoint).WithName("getCheckpoint").WithSummary("Download a checkpoint.")
            .Answers(200, "The file checkpoint.safetensors.", null, "application/octet-stream", ("ETag", "The sha256 of the file."))
            .Refuses(ProblemKind.JobNotFound, ProblemKind.CheckpointNotFound, ProblemKind.CheckpointReplaced, ProblemKind.StoreUnreachable);
    }

    private static async Task<Results<Ok<ArtifactList>, ProblemHttpResult>> ListArtifacts(Guid id, JobsContext db, IObjectStore objects, TimeProvider clock, CancellationToken cancel)
    {
        if (!await db.Jobs.AnyAsync(j => j.Id == id, cancel)) return Problems.From(Missing(id));
        var rows = await db.Artifacts.AsNoTracking().Where(a => a.JobId == id).ToListAsync(cancel);
        var expires = clock.GetUtcNow() + AddressesLast;
        var files = new List<ArtifactView>();
        foreach (var row in rows.OrderBy(a => a.Name, StringComparer.Ordinal)) files.Add(ArtifactView.Of(row, await AddressAsync(objects, row, cancel), expires));
        return TypedResults.Ok(new ArtifactList(files));
    }

    private static async Task<Uri?> AddressAsync(IObjectStore objects, ArtifactRow row, CancellationToken cancel)
    {
        try
        {
            return await objects.DownloadAddressAsync(row.Key, row.Name, ContentTypes.Of(row.Name).Type, AddressesLast, cancel);
        }
        catch (IOException)
        {
            return null; // no key to sign with was found, which the service's readiness tells: the list is worth having without addresses
        }
    }

    private static async Task<Results<FileStreamHttpResult, ProblemHttpResult>> GetArtifact(Guid id, string name, HttpContext http, JobsContext db, IObjectStore objects, CancellationToken cancel)
    {
        name = name.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);   // the one escape that routing leaves, and that Swagger UI writes
        var row = await db.Artifacts.AsNoTracking().SingleOrDefaultAsync(a => a.JobId == id && a.Name == name, cancel);
        if (row is not null) return await SendAsync(http, objects, new(row.Name, row.Key, row.Bytes, row.Sha256), row.CreatedAt, cancel);
        return await db.Jobs.AnyAsync(j => j.Id == id, cancel)
            ? Problems.Of(ProblemKind.ArtifactNotFound, $"Job {id} has no file of that name. GET /jobs/{id}/artifacts lists those that it has.")
            : Problems.From(Missing(id));
    }

    private static async Task<Results<Ok<CheckpointList>, ProblemHttpResult>> ListCheckpoints(Guid id, JobsContext db, CancellationToken cancel)
    {
        if (!await db.Jobs.AnyAsync(j => j.Id == id, cancel)) return Problems.From(Missing(id));
        var rows = await db.Checkpoints.AsNoTracking().Where(c => c.JobId == id).ToListAsync(cancel);
        return TypedResults.Ok(new CheckpointList([.. rows.OrderBy(c => c.Stage).ThenBy(c => c.Step).Select(CheckpointView.Of)]));
    }

    private static async Task<Results<FileStreamHttpResult, ProblemHttpResult>> GetCheckpoint(
        Guid id, string stage, string step, HttpContext http, JobsContext db, IObjectStore objects, CancellationToken cancel)
    {
        if (!await db.Jobs.AnyAsync(j => j.Id == id, cancel)) return Problems.From(Missing(id));
        var row = int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var at)
            ? (await db.Checkpoints.AsNoTracking().Where(c => c.JobId == id && c.Step == at).ToListAsync(cancel)).SingleOrDefault(c => JsonText.NameOf(c.Stage) == stage)
            : null;
        if (row is null) return Problems.Of(ProblemKind.CheckpointNotFound, $"Job {id} has no such checkpoint. GET /jobs/{id}/checkpoints lists those that it has.");
        try
        {
            if (CheckpointView.FileOf(row) is { } file) return await SendAsync(http, objects, file with { Name = CheckpointFile }, row.At, cancel);
        }
        catch (FileNotFoundException)
        {
            // Replaced since the row was read.
        }
        return Problems.Of(ProblemKind.CheckpointReplaced, $"The checkpoint at step {at} of job {id} gave way to a newer one. GET /jobs/{id}/checkpoints says which can be had.");
    }

    /// <summary>A stored file, whole or in part, under the name that it has.</summary>
    internal static async Task<FileStreamHttpResult> SendAsync(HttpContext http, IObjectStore objects, StoredFile file, DateTimeOffset at, CancellationToken cancel)
    {
        var content = await objects.OpenAsync(file.Key, cancel);
        var (type, inline) = ContentTypes.Of(file.Name);
        var headers = http.Response.Headers;
        headers["Repr-Digest"] = $"sha-256=:{Convert.ToBase64String(Convert.FromHexString(file.Sha256))}:";
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'";   // a chart is looked at, it runs nothing
        headers.ContentDisposition = new ContentDispositionHeaderValue(inline ? "inline" : "attachment") { FileNameStar = file.Name[(file.Name.LastIndexOf('/') + 1)..] }.ToString();
        return TypedResults.File(content, type, enableRangeProcessing: true, lastModified: at, entityTag: new EntityTag($"\"{file.Sha256}\""));
    }

    private static Refusal.Missing Missing(Guid id) => new("job", id.ToString());
}
