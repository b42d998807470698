using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Worker;

/// <summary>Says in the table that this worker lives, and puts right what nobody else will: stages whose worker is gone, and jobs that nobody told that their inputs are ready.</summary>
internal sealed class WorkerHeartbeat(IDbContextFactory<JobsContext> contexts, StageLeases leases, IServiceScopeFactory scopes, Machine machine, WorkerIdentity worker, IHostApplicationLifetime lifetime,
    TimeProvider clock, ILogger<WorkerHeartbeat> log) : BackgroundService
{
    /// <summary>The rows of workers that ended without a word are kept for so many lengths of a lease.</summary>
    private const int KeptFor = 10;

    /// <summary>Since when the database answers: after an outage others must be given time to renew their leases, too.</summary>
    private DateTimeOffset? _answersSince;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _answersSince = DateTimeOffset.MinValue;
        using var beat = new PeriodicTimer(leases.Length / LeaseKeeper.Beats, clock);
        do
        {
            try
            {
                await BeatAsync(stoppingToken);
                _answersSince ??= clock.GetUtcNow();
                if (clock.GetUtcNow() - _answersSince >= leases.Length) await HandBackSilentAsync(stoppingToken);
                await StartWaitingAsync(stoppingToken);
            }
            catch (Exception failed) when (Outages.Of(failed) is not null) // the next beat may do better; readiness tells meanwhile
            {
                _answersSince = null;
                log.HeartbeatFailed(failed.GetBaseException().Message);
            }
        }
        while (await NextAsync(beat, stoppingToken));
    }

    /// <summary>The last of this worker's services to stop: until then it says that it lives, as it still hands back what it has.</summary>
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
            log.HeartbeatFailed(failed.GetBaseException().Message); // its row goes when it has been silent for long
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
        if (await db.Workers.Where(w => w.Id == worker.Id).ExecuteUpdateAsync(set => set.SetProperty(w => w.HeartbeatAt, now).SetProperty(w => w.Stopping, stopping), cancel) > 0) return;
        db.Workers.Add(new()
        {
            Id = worker.Id, Host = worker.Host, Version = ServiceVersion.Text, Device = machine.Device, Slots = machine.Slots, Labels = new(machine.Labels), Memory = machine.Memory, StartedAt = now, HeartbeatAt = now, Stopping = stopping,
        });
        await db.SaveChangesAsync(cancel);
    }

    private async Task HandBackSilentAsync(CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        var now = clock.GetUtcNow();
        foreach (var silent in await db.Stages.AsNoTracking().Where(s => s.Status == JobStatus.Running && s.LeaseUntil < now).ToListAsync(cancel))
        {
            using var lease = leases.Of(silent.JobId, silent.Stage, silent.Attempt);
            if (await lease.ExpireAsync("The worker fell silent; the stage goes on from its last checkpoint.", cancel)) log.LeaseRanOut(JsonText.NameOf(silent.Stage), silent.JobId);
        }
        var longAgo = now - leases.Length * KeptFor;
        await db.Workers.Where(w => w.HeartbeatAt < longAgo).ExecuteDeleteAsync(cancel);
    }

    private async Task StartWaitingAsync(CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<JobLife>().StartWaitingAsync(cancel);
    }
}
