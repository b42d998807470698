using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Worker;

/// <summary>Writes this worker's heartbeat, requeues stages of lost workers, and starts jobs whose inputs became ready unnoticed.</summary>
internal sealed class WorkerHeartbeat(IDbContextFactory<JobsContext> contexts, StageLeases leases, IServiceScopeFactory scopes,
    Machine machine, WorkerIdentity worker, IHostApplicationLifetime lifetime,
    TimeProvider clock, ILogger<WorkerHeartbeat> log) : BackgroundService
{
    /// <summary>Rows of lost workers are kept for this many lease durations.</summary>
    private const int KeptFor = 10;

    /// <summary>Since when the database responds: after an outage, other workers need time to renew their leases.</summary>
    private DateTimeOffset? _answersSince;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _answersSince = DateTimeOffset.MinValue;
        using var beat = new PeriodicTimer(leases.Length / LeaseOptions.Renewals, clock);
        do
        {
            try
            {
                await BeatAsync(stoppingToken);
                _answersSince ??= clock.GetUtcNow();
                if (clock.GetUtcNow() - _answersSince >= leases.Length) await HandBackSilentAsync(stoppingToken);
                await StartWaitingAsync(stoppingToken);
            }
            catch (Exception failed) when (Outages.Of(failed) is not null) // the next beat may succeed; readiness reports the outage
            {
                _answersSince = null;
                log.HeartbeatFailed(failed.GetBaseException().Message);
            }
        }
        while (await NextAsync(beat, stoppingToken));
    }

    /// <summary>Stops last of this worker's services, since the heartbeat is needed until all stages are handed back.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await using var db = await contexts.CreateDbContextAsync(cancellationToken);
            await db.Workers.Where(w => w.Id == worker.Id).ExecuteDeleteAsync(cancellationToken);
        }
        catch (Exception failed) when (failed is OperationCanceledException || Outages.Of(failed) is not null)
        {
            log.HeartbeatFailed(failed.GetBaseException().Message); // its row is removed after a long silence
        }
    }

    private static async Task<bool> NextAsync(PeriodicTimer beat, CancellationToken stopping)
    {
        try
        {
            return await beat.WaitForNextTickAsync(stopping);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task BeatAsync(CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        var (now, stopping) = (clock.GetUtcNow(), lifetime.ApplicationStopping.IsCancellationRequested);
        if (await db.Workers.Where(w => w.Id == worker.Id)
            .ExecuteUpdateAsync(set => set.SetProperty(w => w.HeartbeatAt, now).SetProperty(w => w.Stopping, stopping), cancel) > 0)
            return;
        db.Workers.Add(new()
        {
            Id = worker.Id, Host = worker.Host, Version = ServiceVersion.Text, Device = machine.Device, Slots = machine.Slots,
            Labels = new(machine.Labels), Memory = machine.Memory, StartedAt = now, HeartbeatAt = now, Stopping = stopping,
        });
        await db.SaveChangesAsync(cancel);
    }

    private async Task HandBackSilentAsync(CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        var now = clock.GetUtcNow();
        foreach (var silent in await db.Stages.AsNoTracking().Where(s => s.Status == JobStatus.Running && s.LeaseUntil < now)
            .ToListAsync(cancel))
        {
            using var lease = leases.Of(silent.JobId, silent.Stage, silent.Attempt);
            if (await lease.ExpireAsync("The worker stopped responding; the stage continues from its last checkpoint.", cancel))
                log.LeaseRanOut(JsonText.NameOf(silent.Stage), silent.JobId);
        }
        var longAgo = now - leases.Length * KeptFor;
        await db.Workers.Where(w => w.HeartbeatAt < longAgo).ExecuteDeleteAsync(cancel);
    }

    private async Task StartWaitingAsync(CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<JobLife>().StartWaitingAsync(cancel);
        await scope.ServiceProvider.GetRequiredService<ExperimentRelease>().RunAsync(cancel);
    }
}
