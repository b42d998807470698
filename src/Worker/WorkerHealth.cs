using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace LoraDrop.Worker;

/// <summary>Tells over HTTP whether this worker lives and whether it can work: two addresses, and nothing else.</summary>
internal sealed class WorkerHealth(WorkerOptions options, ReadyChecks ready) : IHostedService, IAsyncDisposable
{
    private WebApplication? _app;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls(options.HealthUrl!.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        builder.Services.AddRouting();
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>(); // signals are the worker's
        _app = builder.Build();
        _app.MapGet("/health/live", () => TypedResults.Json(new { Status = "live" }));
        _app.MapGet("/health/ready", ReadyAsync);
        try
        {
            await _app.StartAsync(cancellationToken);
        }
        catch (IOException taken)
        {
            throw new RefusedInputException(SettingsReader.Named("Worker:HealthUrl"), $"{options.HealthUrl} cannot be listened on: {taken.GetBaseException().Message}");
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => _app?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_app is not null) await _app.DisposeAsync();
    }

    private async Task<JsonHttpResult<Health>> ReadyAsync(CancellationToken cancel)
    {
        var (storage, device) = (ready.RunAsync(cancel), options.Device == "cpu" ? Task.FromResult<(IReadOnlyList<Gpu>, string? Missing)>(([], null)) : Gpu.LookAsync(cancel));
        var checks = new Dictionary<string, string>(await storage) { ["device"] = (await device).Missing is { } missing ? $"failed: {missing}" : ReadyChecks.Ok };
        var well = checks.Values.All(state => state == ReadyChecks.Ok);
        return TypedResults.Json(new Health(well ? "ready" : "not ready", checks), statusCode: well ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private sealed record Health(string Status, IReadOnlyDictionary<string, string> Checks);

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
