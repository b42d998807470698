using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;

namespace LoraDrop.Hosting;

/// <summary>The metrics of a host, and the address at which Prometheus scrapes them.</summary>
public static class HostMetrics
{
    public const string Path = "/metrics";

    /// <summary>Serves the host's metrics at <see cref="Path"/>, if the host has registered any.</summary>
    /// <param name="routes">The routes to add the endpoint to.</param>
    /// <param name="host">The host whose metrics are served, which may be another than the routes'.</param>
    public static void MapHostMetrics(this IEndpointRouteBuilder routes, IServiceProvider host)
    {
        if (host.GetService<MeterProvider>() is not { } meters) return;
        JobMetrics.Show();
        var scraped = host.GetServices<IScraped>().ToArray();
        routes.MapPrometheusScrapingEndpoint(Path, meters, before => before.Use(async (http, next) =>
        {
            foreach (var each in scraped) await each.RefreshAsync(http.RequestAborted);
            await next(http);
        }), optionsName: null).WithDisplayName("Prometheus metrics").DisableHttpMetrics().ExcludeFromDescription();
    }
}
