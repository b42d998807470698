using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Storage;

/// <summary>Puts a starting service where the last one ended: the rows are the truth, the queue is made again from them.</summary>
public sealed partial class Recovery(IDbContextFactory<JobsContext> contexts, WorkQueue queue, IServiceScopeFactory scopes, TimeProvider clock, ILogger<Recovery> log)
{
    /// <summary>Before this service takes any work: whatever is marked as running was so in a process that is gone, as only one service can have the data folder.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        await using (var db = await contexts.CreateDbContextAsync(cancel))
        {
            await db.Workers.ExecuteDeleteAsync(cancel);
            foreach (var running in await db.Stages.Where(s => s.Status == JobStatus.Running).ToListAsync(cancel))
                await new StageLease(contexts, clock, running.JobId, running.Stage, running.Attempt).HandBackAsync("The service ended while this stage ran; it goes on from its last checkpoint.", cancel);
        }
        await using (var db = await contexts.CreateDbContextAsync(cancel))
        {
            var models = await db.Models.Where(m => m.Status == InputStatus.Preparing && m.DeletedAt == null).OrderBy(m => m.Id).Select(m => m.Id).ToListAsync(cancel);
            var datasets = await db.Datasets.Where(d => d.Status == InputStatus.Preparing && d.DeletedAt == null).OrderBy(d => d.Id).Select(d => d.Id).ToListAsync(cancel);
            var stages = await db.Stages.Where(s => s.Status == JobStatus.Queued).OrderBy(s => s.QueuedAt).ThenBy(s => s.JobId).Select(s => new { s.JobId, s.Stage }).ToListAsync(cancel);
            models.ForEach(queue.EnqueueModel);
            datasets.ForEach(queue.EnqueueDataset);
            stages.ForEach(s => queue.Enqueue(s.JobId, s.Stage));
            if (models.Count + datasets.Count + stages.Count > 0) Requeued(stages.Count, models.Count, datasets.Count);
        }
        await StartWhatWaitsForNothingAsync(cancel);
    }

    /// <summary>A service may end when an input is ready and before the jobs that wait for it are told.</summary>
    private async Task StartWhatWaitsForNothingAsync(CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<JobsContext>();
        var prepared = await db.Jobs.Where(j => j.Status == JobStatus.Queued && (j.Model.Status != InputStatus.Preparing || j.Dataset.Status != InputStatus.Preparing))
            .Where(j => !j.Stages.Any(s => s.Status == JobStatus.Queued)).Select(j => j.ModelId).Distinct().ToListAsync(cancel);
        foreach (var model in prepared) await scope.ServiceProvider.GetRequiredService<JobLife>().InputPreparedAsync(model, cancel);
    }

    [LoggerMessage(1001, LogLevel.Information, "Going on with {Stages} stages, {Models} models and {Datasets} datasets from before")]
    private partial void Requeued(int stages, int models, int datasets);
}
