using Hangfire;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Worker;

/// <summary>Schedules a sweep of the object store four times a day. The queue keeps the schedule, so that one worker runs it.</summary>
internal sealed class SweepSchedule(IRecurringJobManager schedule, ILogger<SweepSchedule> log) : BackgroundService
{
    private const string Name = "sweep-objects", EverySixHours = "17 */6 * * *";

    private static readonly TimeSpan Between = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                schedule.AddOrUpdate<IQueuedWork>(Name, WorkQueue.Preparation, work => work.SweepAsync(CancellationToken.None),
                    EverySixHours);
                return;
            }
            catch (Exception failed) when (Outages.Of(failed) is not null)
            {
                log.DatabaseUnreachable(failed.GetBaseException().Message);
                await Task.Delay(Between, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
