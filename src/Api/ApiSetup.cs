using LoraDrop.Api.Web;
using LoraDrop.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace LoraDrop.Api;

/// <summary>Registers the REST service and its endpoints. Storage is registered separately.</summary>
public static class ApiSetup
{
    /// <param name="services">Where storage is registered, too.</param>
    /// <param name="options">How the service is reached, complete and checked.</param>
    public static IServiceCollection AddApi(this IServiceCollection services, ApiOptions options)
    {
        services.Configure<KestrelServerOptions>(kestrel => kestrel.AddServerHeader = false); // do not reveal the server software
        services.AddSingleton(options);
        services.ConfigureHttpJsonOptions(json => ApiJson.Configured(json.SerializerOptions));
        services.AddSingleton<QueueOrder>();
        services.AddSingleton<JobStateReader>();
        services.AddSingleton<JobPages>();
        services.AddSingleton<IScraped, RowGauges>();
        services.TryAddSingleton<ReadyChecks>();
        services.AddTransient<DatasetUpload>();
        services.AddTransient<FileUpload>();
        services.AddScoped<JobEstimates>();
        services.AddAccess();
        services.AddSingleton<WebhookSender>();
        services.AddSingleton<WebhookDispatcher>();
        services.AddHostedService(provider => provider.GetRequiredService<WebhookDispatcher>());
        services.AddPages();
        services.AddApiDocumentation();
        return services;
    }

    public static WebApplication MapApi(this WebApplication app)
    {
        var options = app.Services.GetRequiredService<ApiOptions>();
        app.UseSecurityHeaders();
        app.UseTrustedProxies(options);
        app.UseRequestLog();
        app.UseProblems();
        app.UseHead();
        app.UsePageSessions();
        app.UseAccess();
        app.UseAntiforgery();
        app.UseMiddleware<IdempotencyKey>();
        app.UseApiDocumentation();
        var api = app.MapGroup("").AddEndpointFilter<RetryAfterHeader>().AddEndpointFilter<AuditedChanges>();
        var jobs = api.MapGroup("").AddEndpointFilter<OwnJobs>();
        jobs.MapJobs();
        jobs.MapImportance();
        jobs.MapMetrics();
        jobs.MapEvents();
        jobs.MapFiles();
        jobs.MapPredictions();
        jobs.MapEvaluations();
        api.MapJobFigures();
        api.MapExperiments();
        api.MapModels();
        api.MapDatasets();
        api.MapKeys();
        api.MapAudit();
        api.MapWebhooks();
        api.MapService();
        api.MapOpenAi();
        app.MapPages();
        app.MapQueueDashboard();
        app.MapHostMetrics(app.Services);
        return app;
    }
}
