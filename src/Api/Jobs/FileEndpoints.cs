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

/// <summary>Endpoints for a job's checkpoints and artifacts. File names are looked up in the database and never used as paths.</summary>
internal static class FileEndpoints
{
    private const string CheckpointFile = "checkpoint.safetensors";

    private static readonly TimeSpan AddressesLast = TimeSpan.FromHours(1);

    public static void MapFiles(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup("/jobs/{id:guid}").WithTags("Files");
        jobs.MapGet("/artifacts", ListArtifacts).WithName("listArtifacts").WithSummary("List artifacts of a job.")
            .WithDescription("Artifacts appear as stages succeed: the importance and its chart, then the adapter in PEFT format, "
            + "the compact adapter, the result, curves and a model card. "
                + "With an S3 store, `downloadUrl` downloads directly from the store without a key. It is valid for "
                + "one hour; list again for a new one.")
            .Refuses(ProblemKind.JobNotFound);
        jobs.MapGet("/artifacts/{**name}", GetArtifact).WithName("getArtifact").WithSummary("Download an artifact.")
            .TakesHeader("Range", "Byte range to download, such as `bytes=0-1023`.")
            .Answers(200, "The file. Browsers display JSON and SVG, and save other types.", null, "application/octet-stream",
            ("ETag", "SHA-256 digest of the file."), ("Repr-Digest", "SHA-256 digest of the file (RFC 9530)."))
            .Answers(206, "The requested byte range.", null, "application/octet-stream")
            .Answers(304, "The file matches If-None-Match.")
            .Answers(416, "The requested range is not within the file.")
            .Refuses(ProblemKind.JobNotFound, ProblemKind.ArtifactNotFound, ProblemKind.StoreUnreachable);
        jobs.MapGet("/checkpoints", ListCheckpoints).WithName("listCheckpoints").WithSummary("List checkpoints of a job.")
            .WithDescription("Only the latest checkpoint of each stage can be downloaded.")
            .Refuses(ProblemKind.JobNotFound);
        jobs.MapGet("/checkpoints/{stage}/{step}", GetCheckpoint).WithName("getCheckpoint").WithSummary("Download a checkpoint.")
            .Answers(200, "The file checkpoint.safetensors.", null, "application/octet-stream", ("ETag", "SHA-256 digest of the file."))
            .Refuses(ProblemKind.JobNotFound, ProblemKind.CheckpointNotFound, ProblemKind.CheckpointReplaced, ProblemKind.StoreUnreachable);
    }

    private static async Task<Results<Ok<ArtifactList>, ProblemHttpResult>> ListArtifacts(Guid id, JobsContext db, IObjectStore objects,
        TimeProvider clock, CancellationToken cancel)
    {
        if (!await db.Jobs.AnyAsync(j => j.Id == id, cancel)) return Problems.From(Missing(id));
        var rows = await db.Artifacts.AsNoTracking().Where(a => a.JobId == id).ToListAsync(cancel);
        var expires = clock.GetUtcNow() + AddressesLast;
        var files = new List<ArtifactView>();
        foreach (var row in rows.OrderBy(a => a.Name, StringComparer.Ordinal))
            files.Add(ArtifactView.Of(row, await AddressAsync(objects, row, cancel), expires));
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
            return null; // no credentials to sign with, which readiness reports; the list is still useful without download URLs
        }
    }

    private static async Task<Results<FileStreamHttpResult, ProblemHttpResult>> GetArtifact(Guid id, string name, HttpContext http,
        JobsContext db, IObjectStore objects, CancellationToken cancel)
    {
        name = name.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);   // routing leaves this escape, which Swagger UI writes
        var row = await db.Artifacts.AsNoTracking().SingleOrDefaultAsync(a => a.JobId == id && a.Name == name, cancel);
        if (row is not null) return await SendAsync(http, objects, new(row.Name, row.Key, row.Bytes, row.Sha256), row.CreatedAt, cancel);
        return await db.Jobs.AnyAsync(j => j.Id == id, cancel)
            ? Problems.Of(ProblemKind.ArtifactNotFound,
            $"Job {id} has no artifact with this name. List its artifacts with GET /jobs/{id}/artifacts.")
            : Problems.From(Missing(id));
    }

    private static async Task<Results<Ok<CheckpointList>, ProblemHttpResult>> ListCheckpoints(Guid id, JobsContext db,
        CancellationToken cancel)
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
            ? (await db.Checkpoints.AsNoTracking().Where(c => c.JobId == id && c.Step == at).ToListAsync(cancel)).SingleOrDefault(c =>
            JsonText.NameOf(c.Stage) == stage)
            : null;
        if (row is null)
            return Problems.Of(ProblemKind.CheckpointNotFound,
                $"Job {id} has no such checkpoint. List its checkpoints with GET /jobs/{id}/checkpoints.");
        try
        {
            if (CheckpointView.FileOf(row) is { } file)
                return await SendAsync(http, objects, file with { Name = CheckpointFile }, row.At, cancel);
        }
        catch (FileNotFoundException)
        {
            // Replaced since the row was read.
        }
        return Problems.Of(ProblemKind.CheckpointReplaced,
            $"The checkpoint at step {at} of job {id} was replaced by a newer one. List available checkpoints "
            + $"with GET /jobs/{id}/checkpoints.");
    }

    /// <summary>Sends a stored file, whole or in part.</summary>
    internal static async Task<FileStreamHttpResult> SendAsync(HttpContext http, IObjectStore objects, StoredFile file, DateTimeOffset at,
        CancellationToken cancel)
    {
        var content = await objects.OpenAsync(file.Key, cancel);
        var (type, inline) = ContentTypes.Of(file.Name);
        var headers = http.Response.Headers;
        headers["Repr-Digest"] = $"sha-256=:{Convert.ToBase64String(Convert.FromHexString(file.Sha256))}:";
        headers.XContentTypeOptions = "nosniff";
        // a chart is displayed and runs no scripts
        headers.ContentSecurityPolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'";
        headers.ContentDisposition = new ContentDispositionHeaderValue(inline
            ? "inline"
            : "attachment") { FileNameStar = file.Name[(file.Name.LastIndexOf('/') + 1)..] }.ToString();
        return TypedResults.File(content, type, enableRangeProcessing: true, lastModified: at,
            entityTag: new EntityTag($"\"{file.Sha256}\""));
    }

    private static Refusal.Missing Missing(Guid id) => new("job", id.ToString());
}
