using Hangfire;
using LoraDrop.Domain;
using LoraDrop.Hosting;
using LoraDrop.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace LoraDrop.Worker;

/// <summary>Registers a worker: queue servers for stages and for preparation, polling, and the heartbeat.</summary>
public static class WorkerSetup
{
    /// <param name="services">The services, with storage registered.</param>
    /// <param name="options">Settings of the worker.</param>
    /// <param name="machine">The machine's devices, labels and memory.</param>
    /// <param name="hub">Settings of the hub.</param>
    /// <param name="folders">The worker's folders.</param>
    /// <param name="tracking">Settings of tracking.</param>
    public static IServiceCollection AddWorker(this IServiceCollection services, WorkerOptions options, Machine machine, HubOptions hub,
        WorkFolders folders, TrackingOptions tracking)
    {
        services.AddSingleton(options);
        services.AddSingleton(hub);
        services.AddSingleton(folders);
        services.AddSingleton(machine);
        services.AddSingleton(WorkerIdentity.New());
        services.AddSingleton<InputCache>();
        services.AddSingleton<StageInputs>();
        services.AddSingleton<AdapterInput>();
        services.AddSingleton<StageOutputs>();
        services.AddSingleton<ImportanceReuse>();
        services.AddSingleton<WarmChildren>();
        services.AddSingleton<StageChild>();
        services.AddSingleton<StageEnding>();
        services.AddSingleton<StageAttempt>();
        services.AddSingleton<EvaluationRun>();
        services.AddSingleton<StageRun>();
        services.AddSingleton<Inspection>();
        services.AddSingleton<Preparing>();
        services.AddSingleton(provider => new HubClient(provider.GetRequiredService<HubOptions>(), folders.Cache,
            provider.GetRequiredService<OutgoingGuard>(), TimeProvider.System));
        services.AddSingleton<BucketClient>();
        services.AddSingleton<ModelPreparation>();
        services.AddSingleton<DatasetPreparation>();
        services.AddSingleton<PredictionChildren>();
        services.AddSingleton<PredictionRun>();
        services.AddSingleton<IQueuedWork, QueuedWork>();
        services.TryAddSingleton<ReadyChecks>();
        services.AddSingleton<WorkerReadiness>();
        services.AddSingleton<IScraped, DeviceGauges>();
        services.AddHostedService<WorkerHeartbeat>(); // first to start, last to stop
        services.AddHostedService<WorkPoller>();
        services.AddHostedService<SweepSchedule>();
        services.AddSingleton(tracking);
        if (tracking.MlflowUri is not null)
        {
            services.AddSingleton<MlflowTracking>();
            // before the queue's servers, so that it stops after them
            services.AddHostedService(provider => provider.GetRequiredService<MlflowTracking>());
        }
        AddServer(services, "stages", WorkQueue.Stages, machine.Slots, options.StopGrace);
        if (options.PredictionSlots > 0)
            AddServer(services, "predictions", [WorkQueue.Predictions], options.PredictionSlots, options.StopGrace);
        AddServer(services, "preparation", [WorkQueue.Preparation], Preparing.Most, options.StopGrace);
        return services;
    }

    /// <summary>Adds a queue server. Stopping signals the work immediately and waits until it has saved its state.</summary>
    private static void AddServer(IServiceCollection services, string name, string[] queues, int workers, TimeSpan grace) =>
        services.AddHangfireServer(server =>
    {
        server.ServerName = name;
        server.Queues = queues;
        server.WorkerCount = workers;
        server.StopTimeout = TimeSpan.Zero;
        server.ShutdownTimeout = grace + TimeSpan.FromSeconds(5);
    });
}
