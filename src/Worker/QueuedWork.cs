using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>What the queue starts. A stop reaches the work through the host, as the queue's own token is also set when the queue believes this worker dead; the rows know better.</summary>
internal sealed class QueuedWork(StageRun stages, ModelPreparation models, DatasetPreparation datasets, JobLife jobs, IdempotentRequests requests, Deliveries deliveries, ObjectSweep sweep) : IQueuedWork
{
    public Task RunStageAsync(Guid job, Stage stage, CancellationToken cancel) => stages.RunQueuedAsync();

    public Task PrepareModelAsync(Guid model, CancellationToken cancel) => models.RunAsync(model);

    public Task PrepareDatasetAsync(Guid dataset, CancellationToken cancel) => datasets.RunAsync(dataset);

    public async Task SweepAsync(CancellationToken cancel)
    {
        await jobs.PurgeDeletedAsync(cancel);
        await requests.PurgeAsync(cancel);
        await deliveries.RemoveOldAsync(cancel);
        await sweep.AllAsync(cancel);
    }
}
