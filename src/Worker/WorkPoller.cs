using LoraDrop.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Worker;

/// <summary>Polls for work while this worker has free capacity: for stages whose queue message was lost, went to a worker that cannot run
/// them, or never existed, as after a hand-back.</summary>
internal sealed class WorkPoller(StageRun stages, PredictionRun predictions, Preparing preparing, ModelPreparation models,
    DatasetPreparation datasets, IHostApplicationLifetime lifetime, TimeProvider clock, ILogger<WorkPoller> log) : BackgroundService
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(1);

    private readonly List<Task> _running = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var stopping = lifetime.ApplicationStopping;
        while (!stopping.IsCancellationRequested)
        {
            await Task.Delay(Between, clock, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach (var broken in _running.Where(task => task.IsFaulted)) log.WorkBroke(broken.Exception!.GetBaseException());
            _running.RemoveAll(task => task.IsCompleted);
            try
            {
                await PollAsync(stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                break;
            }
            catch (Exception failed) when (Outages.Of(failed) is not null)
            {
                log.DatabaseUnreachable(failed.GetBaseException().Message);
            }
        }
        await Task.WhenAll(_running); // each hands back its stage
    }

    private async Task PollAsync(CancellationToken cancel)
    {
        if (await stages.CanStartAsync(cancel)) _running.Add(Task.Run(stages.RunQueuedAsync, CancellationToken.None));
        if (await predictions.CanStartAsync(cancel)) _running.Add(Task.Run(predictions.RunQueuedAsync, CancellationToken.None));
        if (!preparing.HasRoom) return;
        if (await preparing.NextAsync<ModelRow>(cancel) is { } model)
            _running.Add(Task.Run(() => models.RunAsync(model), CancellationToken.None));
        else if (await preparing.NextAsync<DatasetRow>(cancel) is { } dataset)
            _running.Add(Task.Run(() => datasets.RunAsync(dataset), CancellationToken.None));
    }
}
