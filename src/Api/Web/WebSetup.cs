using LoraDrop.Api.Web.Layout;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Components.Server;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using MudBlazor.Services;

namespace LoraDrop.Api.Web;

/// <summary>An endpoint that people see in a browser: without a key they are sent to sign in.</summary>
internal sealed record PageEndpoint;

/// <summary>Registers the web pages.</summary>
internal static class WebSetup
{
    /// <summary>How long a page without a connection is remembered: long enough for a reload of the service's proxy or a train's
    /// tunnel.</summary>
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(2);

    private const int MostRemembered = 50;

    public static void AddPages(this IServiceCollection services)
    {
        services.AddDataProtection().SetApplicationName("loradrop");
        services.AddSingleton<IConfigureOptions<KeyManagementOptions>>(provider => new ConfigureOptions<KeyManagementOptions>(keys =>
            keys.XmlRepository = new PageKeys(provider.GetRequiredService<IDbContextFactory<JobsContext>>())));
        services.AddRazorComponents().AddInteractiveServerComponents()
            .AddHubOptions(hub => hub.MaximumReceiveMessageSize = 4 * PageCalls.MostKept); // a page sends back what it was rendered from
        services.Configure<CircuitOptions>(circuits =>
        {
            circuits.DisconnectedCircuitRetentionPeriod = Remembered;
            circuits.DisconnectedCircuitMaxRetained = MostRemembered;
        });
        services.AddMudServices();
        services.AddSingleton<ThemeStyles>();
        services.AddSingleton<PageAssets>();
        services.AddSingleton<PageSession>();
        services.AddSingleton<PageCallers>();
        services.AddScoped<PageCalls>();
        services.AddScoped<PageErrors>();
        services.AddScoped<PageMessages>();
    }

    public static void MapPages(this WebApplication app)
    {
        PageAssets.Map(app);
        SignInEndpoints.Map(app);
        JobForm.Map(app);
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode(server => server.ContentSecurityFrameAncestorsPolicy = null)
            .Requires(Role.Read).WithMetadata(new PageEndpoint(), new ExcludeFromDescriptionAttribute());
    }
}
