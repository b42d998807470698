using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace LoraDrop.Api;

/// <summary>The REST service: what it needs, and its addresses. Storage is registered apart.</summary>
public static class ApiSetup
{
    public static IServiceCollection AddApi(this IServiceCollection services)
    {
        services.AddOptions<ApiOptions>();
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<ApiOptions>>().Value);
        services.ConfigureHttpJsonOptions(json => ApiJson.Configured(json.SerializerOptions));
        services.AddSingleton<QueueOrder>();
        services.AddSingleton<JobPeek>();
        services.AddSingleton<JobPages>();
        services.AddTransient<DatasetUpload>();
        services.AddApiDocumentation();
        return services;
    }

    public static WebApplication MapApi(this WebApplication app)
    {
        app.UseProblems();
        app.UseHead();
        app.UseLoopbackGuard(app.Services.GetRequiredService<ApiOptions>());
        app.UseApiDocumentation();
        app.MapJobs();
        app.MapImportance();
        app.MapMetrics();
        app.MapEvents();
        app.MapFiles();
        app.MapModels();
        app.MapDatasets();
        app.MapService();
        return app;
    }
}
