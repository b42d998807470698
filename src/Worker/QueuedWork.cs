using LoraDrop.Domain;

namespace LoraDrop.Worker;

/// <summary>What the queue starts.</summary>
internal sealed class QueuedWork(StageRun stages, ModelPreparation models, DatasetPreparation datasets) : IQueuedWork
{
    public Task RunStageAsync(Guid job, Stage stage, CancellationToken cancel) => stages.RunAsync(job, stage, cancel);

    public Task PrepareModelAsync(Guid model, CancellationToken cancel) => models.RunAsync(model, cancel);

    public Task PrepareDatasetAsync(Guid dataset, CancellationToken cancel) => datasets.RunAsync(dataset, cancel);
}
