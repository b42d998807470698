using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>What the queue starts. A stop reaches the work through the host, as the queue's own token is also set when the queue believes this worker dead; the rows know better.</summary>
internal sealed class QueuedWork(StageRun stages, ModelPreparation models, DatasetPreparation datasets, ObjectSweep sweep) : IQueuedWork
{
    public Task RunStageAsync(Guid job, Stage stage, CancellationToken cancel) => stages.RunQueuedAsync();

    public Task PrepareModelAsync(Guid model, CancellationToken cancel) => models.RunAsync(model);

    public Task PrepareDatasetAsync(Guid dataset, CancellationToken cancel) => datasets.RunAsync(dataset);

    public Task SweepAsync(CancellationToken cancel) => sweep.AllAsync(cancel);
}
