using System.Diagnostics;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace LoraDrop.Worker;

/// <summary>Takes up queued stages that this worker can run, as long as a device is free, and makes an attempt at each.</summary>
internal sealed class StageRun(StageLeases leases, StageAttempt attempts, EvaluationRun evaluations, Machine machine, WorkerIdentity worker,
    IServiceScopeFactory scopes, Outages outages, IHostApplicationLifetime lifetime, TimeProvider clock, MlflowTracking? mlflow = null)
{
    private readonly WorkerAbility _ability = machine.AbilityOf(worker);

    /// <summary>Whether a stage or an evaluation is queued that this worker can run, and a device is free for it.</summary>
    public async Task<bool> CanStartAsync(CancellationToken cancel) => machine.Devices.AnyFree
        && (await leases.AnyAsync(_ability, cancel) || await evaluations.AnyAsync(_ability, cancel));

    /// <summary>Runs the queued stages that this worker can run, one after the other, until none is left; does nothing where no device is
    /// free. Evaluations go first: they are short, beside stages.</summary>
    /// <remarks>A message wakes for all that is queued: of many stages that are queued at once, only some have one of their own.</remarks>
    public async Task RunQueuedAsync()
    {
        var stopping = lifetime.ApplicationStopping;
        if (stopping.IsCancellationRequested || !machine.Devices.TryTake(out var device)) return;
        try
        {
            while (true)
            {
                await evaluations.RunQueuedAsync(_ability, device, stopping);
                if (await leases.TakeNextAsync(_ability, stopping) is not { } taken) break;
                using var lease = taken;
                using var span = Trace(lease, device);
                mlflow?.Follow(lease.Job);
                await attempts.RunAsync(lease, device, stopping);
                await NextOfExperimentAsync(lease.Job, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Nothing was taken up.
        }
        finally
        {
            machine.Devices.Return(device);
        }
    }

    /// <summary>The job may have kept others of its experiment waiting.</summary>
    private Task NextOfExperimentAsync(Guid job, CancellationToken stopping) => outages.WaitOutAsync(async () =>
    {
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<ExperimentRelease>().AfterAsync(job, stopping);
    }, stopping);

    private Activity Trace(StageLease lease, StageDevice device)
    {
        var span = Tracing.Begin($"run {JsonText.NameOf(lease.Stage)}", ActivityKind.Consumer, lease.TraceParent);
        span.SetTag("loradrop.job.id", lease.Job).SetTag("loradrop.stage", JsonText.NameOf(lease.Stage))
            .SetTag("loradrop.attempt", lease.Attempt).SetTag("loradrop.worker", worker.Id)
            .SetTag("loradrop.device", device.Kind);
        if (lease.QueuedAt is { } since) Tracing.Record("queued", lease.TraceParent, since, clock.GetUtcNow());
        return span;
    }
}
