using System.Diagnostics;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Api;

/// <summary>Converts exceptions and bare status codes to problems with a code.</summary>
internal static class ErrorResponses
{
    /// <summary>Retry-After during an outage.</summary>
    private const string OutageSeconds = "5";

    public static void UseProblems(this WebApplication app)
    {
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            ExceptionHandler = http => OfException(http, http.Features.Get<IExceptionHandlerFeature>()!.Error).WriteAsync(http),
            SuppressDiagnosticsCallback = _ => true,   // only the service's own errors are logged, below
        });
        app.UseStatusCodePages(status => OfStatus(status.HttpContext).WriteAsync(status.HttpContext));
    }

    private static ProblemHttpResult OfException(HttpContext http, Exception error)
    {
        var log = http.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(ErrorResponses));
        switch (error)
        {
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }: return Problems.Of(ProblemKind.TooLarge,
                error.Message);
            case BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout }: return Problems.Of(ProblemKind.TooSlow,
                "The request body was sent too slowly, and the service stopped waiting.");
            case BadHttpRequestException: return Problems.Of(ProblemKind.BadRequest, error.Message);
        }
        if (DiskFull.Says(error))
        {
            ApiLog.StorageFull(log, http.Request.Method, http.Request.Path, error);
            return Problems.Of(ProblemKind.StorageFull, "The service's disk is full. The request was not carried out.");
        }
        if (DatabaseFault.Unreachable(error) is { } database)
        {
            ApiLog.DatabaseUnreachable(log, http.Request.Method, http.Request.Path, database);
            return RetryLater(http, ProblemKind.DatabaseUnreachable,
                "The service cannot reach its database. The requested change may or may not have been made; check before repeating it.");
        }
        if (StoreReason(error) is { } store)
        {
            ApiLog.StoreUnreachable(log, http.Request.Method, http.Request.Path, store);
            return RetryLater(http, ProblemKind.StoreUnreachable,
                "The service cannot reach its object store. The request was not carried out.");
        }
        var traceId = Activity.Current?.Id ?? http.TraceIdentifier;
        ApiLog.Defect(log, http.Request.Method, http.Request.Path, traceId, error);
        return Problems.Defect(traceId);
    }

    /// <summary>A problem with Retry-After: outages pass, so clients should retry.</summary>
    private static ProblemHttpResult RetryLater(HttpContext http, ProblemKind kind, string detail)
    {
        http.Response.Headers.RetryAfter = OutageSeconds;
        return Problems.Of(kind, detail);
    }

    private static string? StoreReason(Exception? error)
    {
        for (; error is not null; error = error.InnerException)
            if (error is StoreUnreachableException unreachable) return unreachable.Message;
        return null;
    }

    /// <summary>The problem for a bare status code from routing.</summary>
    private static ProblemHttpResult OfStatus(HttpContext http) => http.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => JobOf(http.Request.Path) is { } job
            ? Problems.From(new Refusal.Missing("job", job))
            : Problems.Of(ProblemKind.NotFound, $"{http.Request.Path} does not exist."),
        StatusCodes.Status405MethodNotAllowed =>
            Problems.Of(ProblemKind.MethodNotAllowed, $"{http.Request.Path} supports {http.Response.Headers.Allow}."),
        StatusCodes.Status413PayloadTooLarge => Problems.Of(ProblemKind.TooLarge, "The body is too large."),
        StatusCodes.Status415UnsupportedMediaType =>
            Problems.Of(ProblemKind.UnsupportedMediaType, "This endpoint does not support the Content-Type of the body."),
        >= 500 => Problems.Defect(http.TraceIdentifier),
        _ => Problems.Of(ProblemKind.BadRequest, "The request cannot be read."),
    };

    /// <summary>A path segment in place of a job id that is not a valid id, so that no route matches.</summary>
    private static string? JobOf(PathString path) =>
        path.StartsWithSegments("/jobs", out var rest) && rest.Value?.Split('/') is ["", { Length: > 0 } id, ..]
            && !Guid.TryParse(id, out _) ? id : null;
}
