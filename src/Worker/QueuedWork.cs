using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>Runs work from the queue. Stops reach the work through the host, not the queue's token, which is also set when the queue
/// wrongly believes this worker dead.</summary>
internal sealed class QueuedWork(StageRun stages, ModelPreparation models, DatasetPreparation datasets, JobLife jobs,
    IdempotentRequests requests, Deliveries deliveries, ObjectSweep sweep, PredictionRun predict, Predictions predictions) : IQueuedWork
{
    public Task RunStageAsync(Guid job, Stage stage, CancellationToken cancel) => stages.RunQueuedAsync();

    public Task PrepareModelAsync(Guid model, CancellationToken cancel) => models.RunAsync(model);

    public Task PrepareDatasetAsync(Guid dataset, CancellationToken cancel) => datasets.RunAsync(dataset);

    public Task EvaluateAsync(Guid evaluation, CancellationToken cancel) => stages.RunQueuedAsync();

    public Task PredictAsync(Guid prediction, CancellationToken cancel) => predict.RunQueuedAsync();

    public async Task SweepAsync(CancellationToken cancel)
    {
        await jobs.PurgeDeletedAsync(cancel);
        await requests.PurgeAsync(cancel);
        await deliveries.RemoveOldAsync(cancel);
        await predictions.PurgeAsync(cancel);
        await sweep.AllAsync(cancel);
    }
}
