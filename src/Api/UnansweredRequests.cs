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

/// <summary>Gives a problem with a code to requests that no endpoint answered, or whose endpoint threw.</summary>
internal static class UnansweredRequests
{
    /// <summary>When to try again in an outage.</summary>
    private const string OutageSeconds = "5";

    public static void UseProblems(this WebApplication app)
    {
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            ExceptionHandler = http => OfException(http, http.Features.Get<IExceptionHandlerFeature>()!.Error).WriteAsync(http),
            SuppressDiagnosticsCallback = _ => true,   // what is the service's own fault is logged here, what is the caller's is not
        });
        app.UseStatusCodePages(status => OfStatus(status.HttpContext).WriteAsync(status.HttpContext));
    }

    private static ProblemHttpResult OfException(HttpContext http, Exception error)
    {
        var log = http.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(UnansweredRequests));
        switch (error)
        {
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }: return Problems.Of(ProblemKind.TooLarge, error.Message);
            case BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout }: return Problems.Of(ProblemKind.TooSlow, "The body came too slowly, and the service has stopped waiting for it.");
            case BadHttpRequestException: return Problems.Of(ProblemKind.BadRequest, error.Message);
        }
        if (DiskFull.Says(error))
        {
            ApiLog.StorageFull(log, http.Request.Method, http.Request.Path, error);
            return Problems.Of(ProblemKind.StorageFull, "The disk of the service is full. Nothing of this request was kept.");
        }
        if (DatabaseFault.Unreachable(error) is { } database)
        {
            ApiLog.DatabaseUnreachable(log, http.Request.Method, http.Request.Path, database);
            return Later(http, ProblemKind.DatabaseUnreachable, "The database of the service cannot be reached. A change that was asked for may have been made or not: look before it is asked for again.");
        }
        if (StoreReason(error) is { } store)
        {
            ApiLog.StoreUnreachable(log, http.Request.Method, http.Request.Path, store);
            return Later(http, ProblemKind.StoreUnreachable, "The object store of the service cannot be reached. Nothing of this request was kept.");
        }
        var traceId = Activity.Current?.Id ?? http.TraceIdentifier;
        ApiLog.Defect(log, http.Request.Method, http.Request.Path, traceId, error);
        return Problems.Defect(traceId);
    }

    /// <summary>Outages pass: a client that waits a little and tries again needs nobody's help.</summary>
    private static ProblemHttpResult Later(HttpContext http, ProblemKind kind, string detail)
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

    /// <summary>What routing answered with a bare status.</summary>
    private static ProblemHttpResult OfStatus(HttpContext http) => http.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => JobOf(http.Request.Path) is { } job
            ? Problems.From(new Refusal.Missing("job", job))
            : Problems.Of(ProblemKind.NotFound, $"There is nothing at {http.Request.Path}."),
        StatusCodes.Status405MethodNotAllowed => Problems.Of(ProblemKind.MethodNotAllowed, $"{http.Request.Path} takes {http.Response.Headers.Allow}."),
        StatusCodes.Status413PayloadTooLarge => Problems.Of(ProblemKind.TooLarge, "The body is too large."),
        StatusCodes.Status415UnsupportedMediaType => Problems.Of(ProblemKind.UnsupportedMediaType, "The body has another Content-Type than this address takes."),
        >= 500 => Problems.Defect(http.TraceIdentifier),
        _ => Problems.Of(ProblemKind.BadRequest, "The request cannot be read."),
    };

    /// <summary>The segment that should have been a job's id and is none: such an address matches no route.</summary>
    private static string? JobOf(PathString path) =>
        path.StartsWithSegments("/jobs", out var rest) && rest.Value?.Split('/') is ["", { Length: > 0 } id, ..] && !Guid.TryParse(id, out _) ? id : null;
}
