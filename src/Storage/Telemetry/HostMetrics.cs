using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;

namespace LoraDrop.Storage;

/// <summary>The numbers of a host, and the address at which Prometheus fetches them.</summary>
public static class HostMetrics
{
    public const string MeterName = "LoraDrop", Path = "/metrics";

    /// <summary>Of what this process does. What a host looks up for each scrape has a meter of that host.</summary>
    public static Meter Meter { get; } = new(MeterName, ServiceVersion.Text);

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

/// <summary>Numbers that are looked up when somebody asks for them.</summary>
public interface IScraped
{
    /// <summary>Brings them up to date; what cannot be looked up is not told at all.</summary>
    Task LookAsync(CancellationToken cancel);
}
