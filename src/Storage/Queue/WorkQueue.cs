using Hangfire;
using LoraDrop.Domain;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Storage;

/// <summary>Wakes workers. A message only says, by ids, that something was queued; the rows decide what is leased, and whether anything
/// still is.</summary>
/// <remarks>
/// A message may arrive late, twice or never: a service can end between a change of the rows and its message, and the worker that gets it
/// may be unable to run the stage. Idle workers poll the rows every second, so a lost message costs a second. So callers do not wait for
/// sending either: a thread of its own sends messages one after the other, and the last of them before an orderly stop. In PostgreSQL a
/// message costs more than storing the job (two transactions, seven statements). As any message makes a worker run everything it can, a few
/// dozen wake all idle workers: in a flood of stages the others are not sent.
/// </remarks>
public sealed partial class WorkQueue(IBackgroundJobClient client, ILogger<WorkQueue> log) : IHostedService
{
    /// <summary>Maximum number of stage messages that wait, and that are sent in a row before a pause.</summary>
    private const int Flood = 32;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private readonly Queue<Action> _stages = new(), _urgent = new();
    private TaskCompletionSource? _sent;
    private volatile bool _stopping;

    /// <summary>The queues of stages, named after the job priorities.</summary>
    public static readonly string[] Stages = [.. Enum.GetValues<JobPriority>().Select(JsonText.NameOf)];

    /// <summary>The queue for fetching and validating, which must not wait behind hours of training.</summary>
    public const string Preparation = "preparation";

    /// <summary>The queue for predictions, which people wait for.</summary>
    public const string Predictions = "predictions";

    public void Enqueue(StageRow queued)
    {
        // captured now: a row may change before it is sent
        var (priority, job, stage) = (JsonText.NameOf(queued.Priority), queued.JobId, queued.Stage);
        lock (_lock)
            if (_stages.Count < Flood)
                Add(_stages, () => client.Enqueue<IQueuedWork>(priority, work => work.RunStageAsync(job, stage, CancellationToken.None)));
    }

    public void EnqueueModel(Guid model) =>
        Add(_urgent, () => client.Enqueue<IQueuedWork>(Preparation, work => work.PrepareModelAsync(model, CancellationToken.None)));

    public void EnqueueDataset(Guid dataset) =>
        Add(_urgent,
            () => client.Enqueue<IQueuedWork>(Preparation, work => work.PrepareDatasetAsync(dataset, CancellationToken.None)));

    /// <summary>Wakes workers with a free device, as stages do.</summary>
    public void EnqueueEvaluation(Guid evaluation)
    {
        var priority = JsonText.NameOf(JobPriority.Default);
        Add(_urgent, () => client.Enqueue<IQueuedWork>(priority, work => work.EvaluateAsync(evaluation, CancellationToken.None)));
    }

    public void EnqueuePrediction(Guid prediction) =>
        Add(_urgent, () => client.Enqueue<IQueuedWork>(Predictions, work => work.PredictAsync(prediction, CancellationToken.None)));

    /// <summary>Completes when no message waits to be sent.</summary>
    public Task SentAsync()
    {
        lock (_lock) return _sent?.Task ?? Task.CompletedTask;
    }

    Task IHostedService.StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Stops after the services that create messages: their last messages are sent within the host's shutdown time.</summary>
    Task IHostedService.StopAsync(CancellationToken cancellationToken)
    {
        _stopping = true;
        return SentAsync().WaitAsync(cancellationToken);
    }

    private void Add(Queue<Action> to, Action send)
    {
        lock (_lock)
        {
            to.Enqueue(send);
            if (_sent is not null) return;
            _sent = new(TaskCreationOptions.RunContinuationsAsynchronously);
            // sending blocks, and pool threads have requests to handle
            new Thread(SendAll) { IsBackground = true, Name = "work queue" }.Start();
        }
    }

    private void SendAll()
    {
        for (var row = 1; Next() is { } send; row++)
        {
            Send(send);
            if (row >= Flood && !_stopping) Thread.Sleep(Pause);
        }
    }

    private Action? Next()
    {
        lock (_lock)
        {
            if (_urgent.TryDequeue(out var send) || _stages.TryDequeue(out send)) return send;
            _sent!.SetResult();
            _sent = null;
            return null;
        }
    }

    /// <summary>The rows have already changed, so a failure to wake a worker must not fail the request. In an outage the other waiting
    /// messages would fail the same way, one after the other.</summary>
    private void Send(Action send)
    {
        try
        {
            send();
        }
        catch (Exception failed) when (Outages.Of(failed) is not null)
        {
            NotSent(failed.GetBaseException().Message);
            lock (_lock)
            {
                _urgent.Clear();
                _stages.Clear();
            }
        }
        catch (Exception defect)
        {
            Defect(defect);
        }
    }

    [LoggerMessage(1102, LogLevel.Warning, "A worker could not be woken; the next look at the rows will find the work. {Reason}")]
    private partial void NotSent(string reason);

    [LoggerMessage(1108, LogLevel.Error, "A worker could not be woken; the next look at the rows will find the work")]
    private partial void Defect(Exception error);
}
