using System.Diagnostics;
using Microsoft.AspNetCore.Diagnostics;
using LoraDrop.Api.Web;
using LoraDrop.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Api;

/// <summary>Logs method, route, status and time of each request. Never logs raw URLs, headers or queries, which can contain
/// secrets.</summary>
/// <remarks>Frequent requests (health, metrics, polls of an unchanged job, what pages read) are logged at Debug. Requests for a job
/// include its
/// id.</remarks>
internal static class RequestLog
{
    public static void UseRequestLog(this WebApplication app)
    {
        var log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(RequestLog));
        if (!log.IsEnabled(LogLevel.Information)) return;
        app.Use(async (http, next) =>
        {
            var began = Stopwatch.GetTimestamp();
            try
            {
                await next(http);
            }
            finally
            {
                Write(log, http, Stopwatch.GetElapsedTime(began));
            }
        });
    }

    private static void Write(ILogger log, HttpContext http, TimeSpan took)
    {
        var level = IsRoutine(http) ? LogLevel.Debug : LogLevel.Information;
        if (!log.IsEnabled(level)) return;
        var milliseconds = took.TotalMilliseconds;
        var (method, route, status) = (MethodOf(http), RouteOf(http), http.RequestAborted.IsCancellationRequested
            && !http.Response.HasStarted ? StatusCodes.Status499ClientClosedRequest : http.Response.StatusCode);
        if (route.StartsWith("/jobs/{id", StringComparison.Ordinal) && http.GetRouteValue("id") is { } job)
            ApiLog.AnsweredForJob(log, level, method, route, job, status, milliseconds);
        else ApiLog.Answered(log, level, method, route, status, milliseconds);
    }

    private static bool IsRoutine(HttpContext http) =>
        http.Response.StatusCode == StatusCodes.Status304NotModified || http.Request.Path.StartsWithSegments("/health")
            || http.Request.Path == HostMetrics.Path || PageAssets.Holds(http.Request.Path)
                || http.Request.Path.StartsWithSegments("/_blazor")
            || (HttpMethods.IsGet(http.Request.Method) && PageCallers.Made(http));

    /// <summary>The route pattern. After a failure, only the exception feature still has the endpoint.</summary>
    private static string RouteOf(HttpContext http)
    {
        var endpoint = http.GetEndpoint() ?? http.Features.Get<IExceptionHandlerFeature>()?.Endpoint;
        return (endpoint as RouteEndpoint)?.RoutePattern.RawText is { } route ? $"/{route.TrimStart('/')}" : "(none)";
    }

    /// <summary>The method; unknown methods are not echoed into the log.</summary>
    private static string MethodOf(HttpContext http) =>
        http.Request.Method is "GET" or "HEAD" or "POST" or "PUT" or "PATCH" or "DELETE" or "OPTIONS" ? http.Request.Method : "(other)";
}
