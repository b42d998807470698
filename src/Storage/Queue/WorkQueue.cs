using Hangfire;
using LoraDrop.Domain;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Storage;

/// <summary>Wakes workers. A message carries ids only and says that something was queued; what is taken up, and whether anything still is, the rows say.</summary>
/// <remarks>
/// A message may come late, twice or never: a service can end between a change of the rows and its message, and a worker that cannot
/// run the stage may be the one that gets it. Workers that have nothing to do look at the rows every second, so a lost message costs a second.
/// </remarks>
public sealed partial class WorkQueue(IBackgroundJobClient client, ILogger<WorkQueue> log)
{
    /// <summary>The queues of stages, named as the priorities of jobs are.</summary>
    public static readonly string[] Stages = [.. Enum.GetValues<JobPriority>().Select(JsonText.NameOf)];

    /// <summary>Fetching and validating, which must not wait behind hours of training.</summary>
    public const string Preparation = "preparation";

    public void Enqueue(StageRow queued) => Send(() => client.Enqueue<IQueuedWork>(JsonText.NameOf(queued.Priority), work => work.RunStageAsync(queued.JobId, queued.Stage, CancellationToken.None)));

    public void EnqueueModel(Guid model) => Send(() => client.Enqueue<IQueuedWork>(Preparation, work => work.PrepareModelAsync(model, CancellationToken.None)));

    public void EnqueueDataset(Guid dataset) => Send(() => client.Enqueue<IQueuedWork>(Preparation, work => work.PrepareDatasetAsync(dataset, CancellationToken.None)));

    /// <summary>The rows are changed already: that nobody could be woken must not fail what was asked for.</summary>
    private void Send(Action send)
    {
        try
        {
            send();
        }
        catch (Exception failed) when (Outages.Of(failed) is not null)
        {
            NotSent(failed.GetBaseException().Message);
        }
    }

    [LoggerMessage(1102, LogLevel.Warning, "A worker could not be woken; the next look at the rows will find the work. {Reason}")]
    private partial void NotSent(string reason);
}
