using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace LoraDrop.Hosting;

/// <summary>Serves health and metrics at addresses of their own, without a key: for orchestrators and Prometheus inside a
/// cluster.</summary>
/// <param name="addresses">Addresses to listen on, separated by <c>;</c>.</param>
/// <param name="setting">The setting that names them.</param>
/// <param name="ready">Runs the readiness checks; each returns <see cref="ReadyChecks.Ok"/>, or why it failed.</param>
/// <param name="host">The host whose metrics are served.</param>
public sealed class HealthListener(string addresses, string setting,
    Func<CancellationToken, Task<IReadOnlyDictionary<string, string>>> ready, IServiceProvider host) : IHostedService, IAsyncDisposable
{
    private WebApplication? _app;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.AddServerHeader = false)
            .UseUrls(addresses.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        builder.Services.AddRouting();
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>(); // signals are the host's
        _app = builder.Build();
        var health = _app.MapGroup("/health").DisableHttpMetrics();
        health.MapGet("/live", () => TypedResults.Json(new { Status = "live" }));
        health.MapGet("/ready", ReadyAsync);
        _app.MapHostMetrics(host);
        try
        {
            await _app.StartAsync(cancellationToken);
        }
        catch (Exception taken) when (taken is IOException or System.Net.Sockets.SocketException)
        {
            throw new RefusedInputException(SettingName.Of(setting),
                $"{addresses} cannot be listened on: {taken.GetBaseException().Message}");
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => _app?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_app is not null) await _app.DisposeAsync();
    }

    private async Task<JsonHttpResult<Health>> ReadyAsync(CancellationToken cancel)
    {
        var checks = await ready(cancel);
        var well = checks.Values.All(state => state == ReadyChecks.Ok);
        return TypedResults.Json(new Health(well ? "ready" : "not ready", checks), statusCode: well
            ? StatusCodes.Status200OK
            : StatusCodes.Status503ServiceUnavailable);
    }

    private sealed record Health(string Status, IReadOnlyDictionary<string, string> Checks);

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
