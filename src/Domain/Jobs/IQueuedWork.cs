namespace LoraDrop.Domain;

/// <summary>The work that the queue starts. It carries only ids; the rows are authoritative. The Api enqueues it and must never load the
/// implementation.</summary>
/// <remarks>Work may be started twice or too late; each call checks the row first and does nothing if there is nothing to do.</remarks>
public interface IQueuedWork
{
    /// <summary>Runs queued stages that this worker can run, one after the other, until none is left.</summary>
    Task RunStageAsync(Guid job, Stage stage, CancellationToken cancel);

    /// <summary>Fetches a model if necessary, and inspects it.</summary>
    Task PrepareModelAsync(Guid model, CancellationToken cancel);

    /// <summary>Fetches a dataset if necessary, and validates it.</summary>
    Task PrepareDatasetAsync(Guid dataset, CancellationToken cancel);

    /// <summary>Answers the queued predictions.</summary>
    Task PredictAsync(Guid prediction, CancellationToken cancel);

    /// <summary>Runs the queued evaluations, and then what else is queued.</summary>
    Task EvaluateAsync(Guid evaluation, CancellationToken cancel);

    /// <summary>Removes jobs deleted long ago, and objects that no row refers to.</summary>
    Task SweepAsync(CancellationToken cancel);
}
