using System.Collections;
using System.Diagnostics;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace LoraDrop.Hosting;

/// <summary>Sets up a host's telemetry: metrics for Prometheus always, traces where OpenTelemetry's standard variables name a receiver.
/// <c>OTEL_SDK_DISABLED=true</c> turns both off.</summary>
public static class HostTelemetry
{
    private const string Variables = "OTEL_";

    /// <summary>The request labels that get a series each.</summary>
    private static readonly string[] RequestLabels = ["http.request.method", "http.route", "http.response.status_code"];

    /// <param name="services">The host's services.</param>
    /// <param name="configuration">The host's configuration; OpenTelemetry's variables are added, and nothing else from the
    /// environment.</param>
    /// <param name="name">The host's name in traces and metrics, unless <c>OTEL_SERVICE_NAME</c> is set.</param>
    public static IServiceCollection AddHostTelemetry(this IServiceCollection services, IConfigurationBuilder configuration, string name)
    {
        var variables = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Where(v =>
            ((string)v.Key).StartsWith(Variables, StringComparison.Ordinal)).ToDictionary(v => (string)v.Key, v => (string?)v.Value);
        if (variables.GetValueOrDefault("OTEL_SDK_DISABLED") is "true") return services;
        configuration.AddInMemoryCollection(variables);
        services.AddMetrics();
        var telemetry = services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(name, serviceVersion: ServiceVersion.Text).AddEnvironmentVariableDetector())
            .WithMetrics(metrics => metrics.AddMeter(ServiceMeter.Name, "Microsoft.AspNetCore.Hosting", "System.Runtime")
                .AddView(instrument => instrument.Meter.Name == "System.Runtime"
                // a gauge of that name looks like a part of a histogram
                && instrument.Name.EndsWith(".count", StringComparison.Ordinal) ? MetricStreamConfiguration.Drop : null)
                .AddView("http.server.request.duration", new MetricStreamConfiguration { TagKeys = RequestLabels })
                .AddPrometheusExporter(prometheus => prometheus.ScopeInfoEnabled = false));
        if (variables.GetValueOrDefault("OTEL_TRACES_EXPORTER") != "none"
            && (variables.ContainsKey("OTEL_EXPORTER_OTLP_ENDPOINT") || variables.ContainsKey("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")))
            telemetry.WithTracing(tracing => tracing.AddSource(Tracing.SourceName)
                .AddAspNetCoreInstrumentation(requests => requests.Filter = IsTraced)
                .AddHttpClientInstrumentation(requests => requests.FilterHttpRequestMessage = _ =>
                // requests without a parent, such as polls of the store, are endless
                Activity.Current is { ParentSpanId: var parent } && parent != default)
                .AddOtlpExporter());
        return services;
    }

    /// <summary>Health, metrics and conditional polls of a job are too frequent to trace, unless the caller sends a trace.</summary>
    private static bool IsTraced(HttpContext http) =>
        http.Request.Headers.TraceParent.Count > 0
        || !(http.Request.Path.StartsWithSegments("/health") || http.Request.Path == HostMetrics.Path
        || (HttpMethods.IsGet(http.Request.Method) && http.Request.Headers.IfNoneMatch.Count > 0));
}
