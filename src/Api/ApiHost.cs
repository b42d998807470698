using LoraDrop.Domain;
using LoraDrop.Hosting;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Api;

/// <summary>The REST service as a separate process, sharing storage with workers and other Api processes.</summary>
public static class ApiHost
{
    /// <summary>Time for requests in progress to finish when the host stops.</summary>
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(10);

    /// <summary>Reads the settings, waits for the database, and serves until the process is stopped.</summary>
    /// <param name="settingsFile">The file given by <c>--config</c>; null for the default files.</param>
    /// <returns>The exit code.</returns>
    public static Task<int> RunAsync(string? settingsFile) => HostProgram.RunAsync(settingsFile, async (reader, stop) =>
    {
        var (settings, api, oidc) = (ServiceSettings.Read(reader), new ApiOptions(), new OidcOptions());
        reader.Section("Api", api.Faults, api);
        reader.Section("Oidc", oidc.Faults, oidc);
        reader.ThrowIfFaulty();
        await using var app = Build(settings, api, oidc);
        await app.Services.AwaitStorageAsync(stop);
        await StartAsync(app, api, stop);
        ApiLog.Listening(app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(ApiHost)), string.Join(", ", app.Urls));
        await app.LogAccessAsync("loradrop keys create --name <name> --role admin", stop);
        await app.WaitForShutdownAsync(stop);
    });

    private static WebApplication Build(ServiceSettings settings, ApiOptions api, OidcOptions oidc)
    {
        var builder = WebApplication.CreateEmptyBuilder(new()); // the settings are read already
        builder.WebHost.UseKestrelCore()
            .UseUrls(api.Urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        builder.Services.AddRouting();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopTime);
        builder.Services.AddHostLog(settings.Log);
        builder.Services.AddHostTelemetry(builder.Configuration, "loradrop-api");
        builder.Services.AddProductionStorage(settings.Storage, "loradrop api");
        builder.Services.AddApi(api);
        builder.Services.AddOidc(oidc);
        if (api.MetricsUrl is { } addresses)
            builder.Services.AddHostedService(provider =>
                new HealthListener(addresses, "Api:MetricsUrl", provider.GetRequiredService<ReadyChecks>().RunAsync, provider));
        var app = builder.Build();
        app.MapApi();
        return app;
    }

    private static async Task StartAsync(WebApplication app, ApiOptions api, CancellationToken stop)
    {
        try
        {
            await app.StartAsync(stop);
        }
        catch (IOException taken) when (taken.InnerException is AddressInUseException)
        {
            throw new RefusedInputException(SettingName.Of("Api:Urls"), $"{api.Urls} is already in use by another program");
        }
        catch (System.Net.Sockets.SocketException denied)
        {
            throw new RefusedInputException(SettingName.Of("Api:Urls"), $"{api.Urls} cannot be listened on: {denied.Message}");
        }
    }
}
