using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Storage;

/// <summary>Restores an embedded service at its start: the queue is rebuilt from the rows, which are authoritative.</summary>
public sealed partial class Recovery(IDbContextFactory<JobsContext> contexts, StageLeases leases, WorkQueue queue,
    IServiceScopeFactory scopes, ILogger<Recovery> log)
{
    /// <summary>Runs before this service starts any work: every stage marked as running belongs to a process that has ended, as only one
    /// service can hold the data folder.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        await using (var db = await contexts.CreateDbContextAsync(cancel))
        {
            await db.Workers.ExecuteDeleteAsync(cancel);
            await db.Models.Where(m => m.LeaseUntil != null)
                .ExecuteUpdateAsync(set => set.SetProperty(m => m.LeaseUntil, (DateTimeOffset?)null), cancel);
            await db.Datasets.Where(d => d.LeaseUntil != null)
                .ExecuteUpdateAsync(set => set.SetProperty(d => d.LeaseUntil, (DateTimeOffset?)null), cancel);
            await db.Evaluations.Where(e => e.Status == JobStatus.Running)
                .ExecuteUpdateAsync(set => set.SetProperty(e => e.Status, JobStatus.Queued), cancel);
            foreach (var running in await db.Stages.AsNoTracking().Where(s => s.Status == JobStatus.Running).ToListAsync(cancel))
            {
                using var lease = leases.Of(running.JobId, running.Stage, running.Attempt);
                await lease.HandBackAsync("The service ended while this stage ran; it goes on from its last checkpoint.", cancel);
            }
        }
        await using (var db = await contexts.CreateDbContextAsync(cancel))
        {
            var models = await db.Models.Where(m => m.Status == InputStatus.Preparing && m.DeletedAt == null).OrderBy(m => m.Id)
                .Select(m => m.Id).ToListAsync(cancel);
            var datasets = await db.Datasets.Where(d => d.Status == InputStatus.Preparing && d.DeletedAt == null).OrderBy(d => d.Id)
                .Select(d => d.Id).ToListAsync(cancel);
            var stages = await db.Stages.AsNoTracking().Where(s => s.Status == JobStatus.Queued).OrderBy(s => s.QueuedAt)
                .ThenBy(s => s.JobId).ToListAsync(cancel);
            models.ForEach(queue.EnqueueModel);
            datasets.ForEach(queue.EnqueueDataset);
            stages.ForEach(queue.Enqueue);
            if (models.Count + datasets.Count + stages.Count > 0) Requeued(stages.Count, models.Count, datasets.Count);
        }
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<JobLife>().StartWaitingAsync(cancel);
        await scope.ServiceProvider.GetRequiredService<ExperimentRelease>().RunAsync(cancel);
    }

    [LoggerMessage(1001, LogLevel.Information, "Going on with {Stages} stages, {Models} models and {Datasets} datasets from before")]
    private partial void Requeued(int stages, int models, int datasets);
}
