using LoraDrop.Hosting;
using LoraDrop.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Worker;

/// <summary>A worker as a separate process, sharing storage with the Api and other workers.</summary>
public static class WorkerHost
{
    /// <summary>Shutdown time beyond the children's grace period: their queues stop 5 s after it, then their outputs are stored.</summary>
    private static readonly TimeSpan AfterGrace = TimeSpan.FromSeconds(8);

    /// <summary>Reads the settings, waits for the database, and runs until the process is stopped.</summary>
    /// <param name="settingsFile">The file given by <c>--config</c>; null for the default files.</param>
    /// <returns>The exit code.</returns>
    public static Task<int> RunAsync(string? settingsFile) => HostProgram.RunAsync(settingsFile, async (reader, stop) =>
    {
        var (settings, worker) = (ServiceSettings.Read(reader), new WorkerOptions());
        reader.Section("Worker", worker.Faults, worker);
        var tracking = new TrackingOptions();
        reader.Section("Tracking", tracking.Faults, tracking);
        reader.ThrowIfFaulty();
        var hub = HubOptions.FromEnvironment();
        using var work = OwnWorkFolder.Take(worker.WorkFolder);
        var machine = await Machine.DetectAsync(worker, stop);
        using var host = Build(settings, worker, machine, hub, new(work.Path, worker.CacheFolder), tracking);
        await host.Services.AwaitStorageAsync(stop);
        await host.StartAsync(stop);
        host.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(WorkerHost))
            .Working(host.Services.GetRequiredService<WorkerIdentity>().Id, machine.Name, machine.Memory / (double)(1L << 30));
        await host.WaitForShutdownAsync(stop);
    });

    private static IHost Build(ServiceSettings settings, WorkerOptions worker, Machine machine, HubOptions hub, WorkFolders folders,
        TrackingOptions tracking)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new() { DisableDefaults = true }); // the settings are read already
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = worker.StopGrace + AfterGrace);
        builder.Services.AddHostLog(settings.Log);
        builder.Services.AddHostTelemetry(builder.Configuration, "loradrop-worker");
        builder.Services.AddProductionStorage(settings.Storage, "loradrop worker");
        builder.Services.AddWorker(worker, machine, hub, folders, tracking);
        if (worker.HealthUrl is { } addresses)
            builder.Services.AddHostedService(provider =>
                new HealthListener(addresses, "Worker:HealthUrl", provider.GetRequiredService<WorkerReadiness>().CheckAsync, provider));
        return builder.Build();
    }
}
