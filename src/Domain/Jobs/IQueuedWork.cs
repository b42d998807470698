namespace LoraDrop.Domain;

/// <summary>What the queue carries: ids only, the row is the truth. The Api enqueues it and must never load what runs it.</summary>
/// <remarks>Work may be started twice or too late; each call looks at the row first and does nothing where there is nothing to do.</remarks>
public interface IQueuedWork
{
    /// <summary>A stage was queued: the worker takes up what it can run, one stage after the other, until nothing is queued.</summary>
    Task RunStageAsync(Guid job, Stage stage, CancellationToken cancel);

    /// <summary>Fetches a model where it is not here, and inspects it.</summary>
    Task PrepareModelAsync(Guid model, CancellationToken cancel);

    /// <summary>Fetches a dataset where it is not here, and validates it.</summary>
    Task PrepareDatasetAsync(Guid dataset, CancellationToken cancel);

    /// <summary>Removes jobs that were deleted long ago, and objects that no row points to.</summary>
    Task SweepAsync(CancellationToken cancel);
}
