using System.Diagnostics;
using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Worker;

/// <summary>Writes into the rows how an attempt ended: with an outcome, a failure, a kill, or because somebody stopped it.</summary>
internal sealed class StageEnding(StageOutputs outputs, Outages outages, IObjectStore objects, ObjectSweep sweep, WorkQueue queue,
    TimeProvider clock, ILogger<StageEnding> log)
{
    /// <summary>How long storing the last checkpoint may take when an attempt is stopped, beyond the child's own grace; and then writing so
    /// when the service stops.</summary>
    public static readonly TimeSpan LastWrites = TimeSpan.FromSeconds(2);

    /// <summary>Ends an attempt whose stage is done, or whose child has ended.</summary>
    /// <exception cref="OperationCanceledException">The attempt was stopped.</exception>
    public async Task ConcludeAsync(StageLease lease, ChildOutcome child, StopReason reason, string run, string? key,
        CancellationToken writing)
    {
        if (child.Done)
        {
            log.StageDone();
            using var span = Tracing.Source.StartActivity("publish");
            await PublishAsync(lease, await outages.WaitOutAsync(() => outputs.StoreAsync(lease, run, key, writing), writing), writing);
            return;
        }
        if (reason != StopReason.None) throw new OperationCanceledException();
        var end = child.End!;
        if (end.IsKill && KernelKills.Count() is { } now && now == child.KernelKills)
        {
            var killed = new Failure(FailureCode.Killed, ChildEnd.KilledFromOutside);
            log.StageFailed(killed.Code, killed.Message);
            Activity.Current.Fail(killed.Code, killed.Message);
            await lease.KilledAsync(killed, writing);
            return;
        }
        var failure = child.Failure is { Code: not RunFailure.Stopped } said
            ? FailureOf(said)
            : end.Failure(byKernel: end.IsKill && child.KernelKills is not null);
        log.StageFailed(failure.Code, failure.Message);
        Activity.Current.Fail(failure.Code, failure.Message);
        await lease.FailAttemptAsync(failure, writing);
    }

    /// <summary>Publishes an outcome, unless the lease is lost, and queues the next stage.</summary>
    public async Task PublishAsync(StageLease lease, StageOutcome outcome, CancellationToken writing)
    {
        var (held, next) = await lease.SucceedAsync(outcome, writing);
        if (!held)
        {
            log.LeaseLost();
            Activity.Current.Fail("lease_lost", "another attempt has the stage");
            foreach (var file in outcome.Files) await objects.DeleteAsync(file.Key, CancellationToken.None); // keys of this attempt alone
            return;
        }
        if (outcome.Result is { } result) WorkerMetrics.Finished(JsonSerializer.Deserialize<RunResult>(result.Json, JsonText.Options)!);
        if (next is not null) queue.Enqueue(next);
        await sweep.JobAsync(lease.Job, CancellationToken.None);
    }

    /// <summary>Ends an attempt that somebody stopped.</summary>
    public async Task StopAsync(StageLease lease, StopReason reason)
    {
        Activity.Current?.SetTag("loradrop.stopped", JsonText.NameOf(reason));
        using var limit = new CancellationTokenSource(LastWrites, clock);
        try
        {
            switch (reason)
            {
                case StopReason.LeaseLost:
                    log.LeaseLost();
                    break;
                case StopReason.Cancelled:
                    await lease.CancelledAsync(lease.Lost);
                    break;
                case StopReason.Paused:
                    await lease.PausedAsync(lease.Lost);
                    break;
                case StopReason.ServiceStops:
                    await lease.HandBackAsync("The worker was stopped; the stage goes on from its last checkpoint.", limit.Token);
                    log.HandedBack();
                    break;
            }
        }
        catch (OperationCanceledException)
        {
            log.NotHandedBack(); // the database is gone, and so is the time: the lease runs out by itself
        }
    }

    /// <summary>Ends an attempt that an error broke off.</summary>
    public async Task FailAsync(StageLease lease, Exception failed, CancellationToken writing)
    {
        var failure = failed switch
        {
            InputChangedException changed => new Failure(changed.Code, changed.Message),
            RefusedInputException refused => Failure.Refused(refused.Faults),
            HubUnreachableException => new(FailureCode.HubUnreachable, failed.Message),
            _ when DiskFull.Says(failed) =>
                new(FailureCode.Storage, "The worker's disk is full. Free some space and retry: the job goes on from its last checkpoint."),
            IOException => new(FailureCode.Storage, failed.Message),
            _ => new(FailureCode.Defect, $"An error of the service, which its log shows: {failed.Message}"),
        };
        log.StageBroke(failed, failure.Code);
        Activity.Current.Fail(failure.Code, failure.Message);
        try
        {
            await lease.FailAttemptAsync(failure, writing);
        }
        catch (OperationCanceledException)
        {
            log.NotHandedBack();
        }
    }

    private static Failure FailureOf(RunFailure said) =>
        said.Code == FailureCode.Refused ? Failure.Refused(said.Faults) : new(said.Code, said.Faults[0].Message);
}
