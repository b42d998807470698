using Hangfire;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Worker;

/// <summary>Registers a worker: a server that takes up stages, one that prepares models and datasets, and the heartbeat.</summary>
public static class WorkerSetup
{
    /// <summary>Models and datasets that are prepared at a time.</summary>
    private const int Preparations = 2;

    public static IServiceCollection AddWorker(this IServiceCollection services, WorkerOptions options, HubOptions hub, WorkFolders folders)
    {
        services.AddSingleton(folders);
        services.AddSingleton(options);
        services.AddSingleton(hub);
        services.AddSingleton(WorkerIdentity.New());
        services.AddSingleton<StageRun>();
        services.AddSingleton<Inspection>();
        services.AddSingleton<Preparing>();
        services.AddSingleton(provider => new HubClient(provider.GetRequiredService<HubOptions>(), folders.Cache, TimeProvider.System));
        services.AddSingleton<ModelPreparation>();
        services.AddSingleton<DatasetPreparation>();
        services.AddSingleton<IQueuedWork, QueuedWork>();
        services.AddHostedService<WorkerHeartbeat>();
        AddServer(services, "stages", WorkQueue.Stages, options.Slots, options.StopGrace);
        AddServer(services, "preparation", [WorkQueue.Preparation], Preparations, options.StopGrace);
        return services;
    }

    /// <summary>A stop reaches the work at once, and waits until it has saved what it has.</summary>
    private static void AddServer(IServiceCollection services, string name, string[] queues, int workers, TimeSpan grace) => services.AddHangfireServer(server =>
    {
        server.ServerName = name;
        server.Queues = queues;
        server.WorkerCount = workers;
        server.StopTimeout = TimeSpan.Zero;
        server.ShutdownTimeout = grace + TimeSpan.FromSeconds(5);
    });
}
