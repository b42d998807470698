using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Worker;

/// <summary>Says in the table that this worker lives, and queues again what no living worker has: stages whose lease ran out.</summary>
internal sealed class WorkerHeartbeat(IDbContextFactory<JobsContext> contexts, WorkQueue queue, WorkerIdentity worker, WorkerOptions options, TimeProvider clock, ILogger<WorkerHeartbeat> log) : BackgroundService
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var beat = new PeriodicTimer(Between, clock);
        do
        {
            try
            {
                await BeatAsync(stoppingToken);
                await HandBackSilentAsync(stoppingToken);
            }
            catch (Exception failed) when (failed is DbUpdateException or System.Data.Common.DbException or IOException || DatabaseFault.Unreachable(failed) is not null) // the next beat may do better; readiness tells meanwhile
            {
                log.HeartbeatFailed(failed);
            }
        }
        while (await beat.WaitForNextTickAsync(stoppingToken));
    }

    private async Task BeatAsync(CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        var now = clock.GetUtcNow();
        if (await db.Workers.Where(w => w.Id == worker.Id).ExecuteUpdateAsync(set => set.SetProperty(w => w.HeartbeatAt, now), cancel) > 0) return;
        db.Workers.Add(new() { Id = worker.Id, Host = worker.Host, Version = ServiceVersion.Text, Device = options.Device, Slots = options.Slots, StartedAt = now, HeartbeatAt = now });
        await db.SaveChangesAsync(cancel);
    }

    private async Task HandBackSilentAsync(CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        var now = clock.GetUtcNow();
        foreach (var silent in await db.Stages.AsNoTracking().Where(s => s.Status == JobStatus.Running && s.LeaseUntil < now).ToListAsync(cancel))
        {
            var lease = new StageLease(contexts, clock, silent.JobId, silent.Stage, silent.Attempt);
            if (!await lease.HandBackAsync("The worker fell silent; the stage goes on from its last checkpoint.", cancel)) continue;
            log.LeaseRanOut(JsonText.NameOf(silent.Stage), silent.JobId);
            queue.Enqueue(silent.JobId, silent.Stage);
        }
    }
}
