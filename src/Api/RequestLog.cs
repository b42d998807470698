using System.Diagnostics;
using LoraDrop.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Api;

/// <summary>A line for each request: method, route, status, time. Never an address as it was sent, a header or a query: those can hold what nobody else may read.</summary>
/// <remarks>What is asked for all the time (health, metrics, looks at a job that has not changed) is a line for those who debug. A request for a job names it.</remarks>
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
        var level = IsUsual(http) ? LogLevel.Debug : LogLevel.Information;
        if (!log.IsEnabled(level)) return;
        var milliseconds = took.TotalMilliseconds;
        var (method, route, status) = (MethodOf(http), RouteOf(http), http.RequestAborted.IsCancellationRequested && !http.Response.HasStarted ? StatusCodes.Status499ClientClosedRequest : http.Response.StatusCode);
        if (route.StartsWith("/jobs/{id", StringComparison.Ordinal) && http.GetRouteValue("id") is { } job) ApiLog.AnsweredForJob(log, level, method, route, job, status, milliseconds);
        else ApiLog.Answered(log, level, method, route, status, milliseconds);
    }

    private static bool IsUsual(HttpContext http) =>
        http.Response.StatusCode == StatusCodes.Status304NotModified || http.Request.Path.StartsWithSegments("/health") || http.Request.Path == HostMetrics.Path;

    /// <summary>Where a request failed, only the feature of the failure still knows what answered it.</summary>
    private static string RouteOf(HttpContext http) => (http.GetEndpoint() as RouteEndpoint ?? http.Features.Get<Microsoft.AspNetCore.Diagnostics.IExceptionHandlerFeature>()?.Endpoint as RouteEndpoint)?.RoutePattern.RawText is { } route ? route.StartsWith('/') ? route : $"/{route}" : "(none)";

    /// <summary>A method of one's own making is not repeated.</summary>
    private static string MethodOf(HttpContext http) => http.Request.Method is "GET" or "HEAD" or "POST" or "PUT" or "PATCH" or "DELETE" or "OPTIONS" ? http.Request.Method : "(other)";
}
