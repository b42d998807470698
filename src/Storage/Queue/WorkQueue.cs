using Hangfire;
using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>Hands work to the workers. It carries ids only: the rows say what is to be done, and whether it still is.</summary>
public sealed class WorkQueue(IBackgroundJobClient client)
{
    /// <summary>Servers fetch queues in this order; by name it is the same, as some storages sort them. What is half done comes first.</summary>
    public static readonly string[] Stages = ["adaptation", "importance"];

    /// <summary>Fetching and validating, which must not wait behind hours of training.</summary>
    public const string Preparation = "preparation";

    public void Enqueue(Guid job, Stage stage) =>
        client.Enqueue<IQueuedWork>(stage == Stage.TaskAdaptation ? Stages[0] : Stages[1], work => work.RunStageAsync(job, stage, CancellationToken.None));

    public void EnqueueModel(Guid model) => client.Enqueue<IQueuedWork>(Preparation, work => work.PrepareModelAsync(model, CancellationToken.None));

    public void EnqueueDataset(Guid dataset) => client.Enqueue<IQueuedWork>(Preparation, work => work.PrepareDatasetAsync(dataset, CancellationToken.None));
}
