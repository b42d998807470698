using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;

namespace LoraDrop.Hosting;

/// <summary>The numbers of a host, and the address at which Prometheus fetches them.</summary>
public static class HostMetrics
{
    public const string Path = "/metrics";

    /// <summary>Gives the numbers of the host at <see cref="Path"/>; nothing where the host has none registered.</summary>
    /// <param name="routes">Where they are to be had.</param>
    /// <param name="host">Whose they are: a listener of its own may give them.</param>
    public static void MapHostMetrics(this IEndpointRouteBuilder routes, IServiceProvider host)
    {
        if (host.GetService<MeterProvider>() is not { } meters) return;
        JobMetrics.Show();
        var scraped = host.GetServices<IScraped>().ToArray();
        routes.MapPrometheusScrapingEndpoint(Path, meters, before => before.Use(async (http, next) =>
        {
            foreach (var each in scraped) await each.LookAsync(http.RequestAborted);
            await next(http);
        }), optionsName: null).WithDisplayName("Prometheus metrics").DisableHttpMetrics().ExcludeFromDescription();
    }
}
