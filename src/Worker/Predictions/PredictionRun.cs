using System.Diagnostics;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Worker;

/// <summary>Answers queued predictions, as many at a time as the worker has slots for them.</summary>
/// <remarks>They have slots of their own, so that nobody waits for hours of training. They take memory and processor time from
/// it.</remarks>
internal sealed class PredictionRun(PredictionLeases leases, PredictionChildren children, Machine machine, WorkerOptions options,
    WorkerIdentity worker, IHostApplicationLifetime lifetime, TimeProvider clock, ILogger<PredictionRun> log)
{
    private readonly WorkerAbility _ability = machine.AbilityOf(worker);
    private int _running;

    /// <summary>Whether one is queued that this worker can answer, and a slot is free for it.</summary>
    public async Task<bool> CanStartAsync(CancellationToken cancel) =>
        Volatile.Read(ref _running) < options.PredictionSlots && await leases.AnyAsync(_ability, cancel);

    /// <summary>Answers the queued predictions, one after the other, until none is left; does nothing where no slot is free.</summary>
    public async Task RunQueuedAsync()
    {
        var stopping = lifetime.ApplicationStopping;
        try
        {
            if (Interlocked.Increment(ref _running) > options.PredictionSlots) return;
            while (await leases.TakeNextAsync(_ability, stopping) is { } lease) await AnswerAsync(lease, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Nothing was taken up.
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    private async Task AnswerAsync(PredictionLease lease, CancellationToken stopping)
    {
        var job = lease.Row.JobId;
        using var scope = log.BeginScope(new Dictionary<string, object> { ["JobId"] = job });
        using var span = Tracing.Begin("predict", ActivityKind.Consumer, lease.Row.TraceParent);
        span.SetTag("loradrop.job.id", job).SetTag("loradrop.attempt", lease.Attempt).SetTag("loradrop.worker", worker.Id);
        using var over = new CancellationTokenSource(lease.Left > TimeSpan.Zero ? lease.Left : TimeSpan.Zero, clock);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(over.Token, stopping);
        var began = clock.GetTimestamp();
        try
        {
            var outcome = await OutcomeAsync(lease, stop.Token);
            if (outcome.Failure is not { } failure)
            {
                await lease.SucceedAsync(outcome.Result!, CancellationToken.None);
                log.Predicted(job, clock.GetElapsedTime(began).TotalSeconds);
                return;
            }
            Activity.Current.Fail(failure.Code, failure.Message);
            if (failure.Code != FailureCode.Refused) log.PredictionFailed(job, failure.Code, failure.Message);
            await lease.FailAsync(failure, CancellationToken.None);
        }
        catch (OperationCanceledException)
        {
            if (stopping.IsCancellationRequested) await StopAsync(lease); // else nobody waits any more
        }
        catch (Exception failed) when (Outages.Of(failed) is not null)
        {
            log.DatabaseUnreachable(failed.GetBaseException().Message); // its lease expires
        }
    }

    private async Task<PredictionOutcome> OutcomeAsync(PredictionLease lease, CancellationToken stop)
    {
        try
        {
            var child = await children.TakeAsync(lease.Row.JobId, stop);
            try
            {
                return await child.AskAsync(lease, stop);
            }
            finally
            {
                children.Return(child);
            }
        }
        catch (InputChangedException changed)
        {
            return new(null, new(changed.Code, changed.Message));
        }
        catch (IOException unread)
        {
            return new(null, new(FailureCode.Storage, unread.Message));
        }
        catch (Exception broken) when (broken is not OperationCanceledException && Outages.Of(broken) is null)
        {
            log.PredictionBroke(broken, lease.Row.JobId);
            return new(null, new(FailureCode.Defect, "Internal error; the worker's log has the details."));
        }
    }

    /// <summary>Another worker may take it, unless a part of the answer has been sent.</summary>
    private async Task StopAsync(PredictionLease lease)
    {
        try
        {
            await lease.HandBackAsync(CancellationToken.None);
            await lease.FailAsync(new(FailureCode.Interrupted, "The worker was stopped."), CancellationToken.None); // unless handed back
        }
        catch (Exception failed) when (Outages.Of(failed) is not null)
        {
            log.NotHandedBack();
        }
    }
}
