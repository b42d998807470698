using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Engine;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Worker;

/// <summary>One attempt at a stage: take the lease, fetch the inputs, run the child, write down what it reports, publish what it leaves.</summary>
/// <remarks>
/// It may die at any line. Before the lease is taken nothing has happened. Until the outcome is published the row says running, and
/// whoever finds the lease run out hands the stage back. Files that were stored for an outcome which was never published belong to
/// no row and are not seen by anybody.
/// </remarks>
internal sealed class StageRun(IDbContextFactory<JobsContext> contexts, IObjectStore objects, WorkQueue queue, WorkFolders folders,
    WorkerIdentity worker, WorkerOptions options, TimeProvider clock, ILogger<StageRun> log)
{
    /// <summary>How often the row is asked whether a person wants the job to stop.</summary>
    private static readonly TimeSpan CancelLook = TimeSpan.FromMilliseconds(150);

    /// <summary>How often progress is written; also what keeps the lease.</summary>
    private static readonly TimeSpan ProgressWrite = TimeSpan.FromSeconds(1);

    /// <summary>A native library that complains at every step must not fill the table.</summary>
    private const int MostLogEvents = 50;

    /// <param name="job">The job.</param>
    /// <param name="stage">Its stage.</param>
    /// <param name="stopping">The service is going down: the stage is handed back.</param>
    public async Task RunAsync(Guid job, Stage stage, CancellationToken stopping)
    {
        if (await DiskFull.WaitOutAsync(() => StageLease.TakeAsync(contexts, clock, job, stage, worker.Id, stopping), log.CannotWrite, clock, stopping) is not { } lease) return;
        using var scope = log.BeginScope(new Dictionary<string, object> { ["JobId"] = job, ["Stage"] = JsonText.NameOf(stage), ["Attempt"] = lease.Attempt });
        log.Taken(lease.Attempt);
        var folder = Path.Combine(folders.Work, $"{job:N}-{stage}-{lease.Attempt}");
        try
        {
            await AttemptAsync(lease, folder, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            log.HandedBack();
            await lease.HandBackAsync("The service was stopped; the stage goes on from its last checkpoint when it is started again.", CancellationToken.None);
        }
        catch (Exception failed)
        {
            await FailAsync(lease, failed, stopping);
        }
        finally
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
    }

    private async Task AttemptAsync(StageLease lease, string folder, CancellationToken stopping)
    {
        var job = await JobAsync(lease.Job, stopping);
        var key = lease.Stage == Stage.ImportanceEvaluation ? ImportanceKey.Of(job, options.Device) : null;
        if (key is not null && await new ImportanceReuse(contexts, objects).FindAsync(lease, job, key, folder, stopping) is { } reused)
        {
            log.Reused(reused.ReusedFrom!.Value);
            await lease.AddEventAsync(EventLevel.Info, EventType.ImportanceReused, $"The importance that job {reused.ReusedFrom} measured is used: nothing that it depends on differs.", JsonSerializer.Serialize(new { from = reused.ReusedFrom }), stopping);
            await PublishAsync(lease, reused, stopping);
            return;
        }
        var inputs = new StageInputs(contexts, objects);
        var run = ChildWork.RunIn(folder);
        Directory.CreateDirectory(folder);
        if (await inputs.FetchCheckpointAsync(lease.Job, lease.Stage, run, stopping) is { } from)
            await lease.AddEventAsync(EventLevel.Info, EventType.Resumed, $"Going on from the checkpoint at step {from.Step:N0}.", JsonSerializer.Serialize(new { from.Step }), stopping);
        var fetched = await inputs.FetchAsync(job, lease.Stage, folder, stopping);
        using var child = ChildProcess.Start(new ChildWork.RunStage(lease.Stage, job.Settings, fetched, options.Device, options.Threads), folder, options);
        log.ChildStarted(child.Id);
        await FollowAsync(lease, child, run, key, stopping);
    }

    /// <summary>Writes down what the child reports until it ends, and then what came of it.</summary>
    private async Task FollowAsync(StageLease lease, ChildProcess child, string run, string? key, CancellationToken stopping)
    {
        var following = new StageFollower(lease, run, objects, clock, log);
        var (wanted, stopAt) = (StopReason.None, DateTimeOffset.MaxValue);
        var (nextLook, nextWrite) = (DateTimeOffset.MinValue, clock.GetUtcNow() + ProgressWrite);
        var lines = child.Lines;
        while (true)
        {
            var more = await WaitAsync(lines.WaitToReadAsync(CancellationToken.None).AsTask());
            while (lines.TryRead(out var line)) await following.TakeAsync(line, CancellationToken.None);
            while (following.LogEvents < MostLogEvents && child.Errors.TryRead(out var text)) await following.LogAsync(text, CancellationToken.None);
            var now = clock.GetUtcNow();
            if (wanted == StopReason.None && now >= nextLook)
            {
                nextLook = now + CancelLook;
                wanted = stopping.IsCancellationRequested ? StopReason.ServiceStops : await lease.CancelRequestedAsync(CancellationToken.None) ? StopReason.Cancelled : StopReason.None;
                if (wanted != StopReason.None)
                {
                    child.Stop();
                    stopAt = now + options.StopGrace;
                }
            }
            if (now >= nextWrite)
            {
                nextWrite = now + ProgressWrite;
                if (!await following.WriteAsync(CancellationToken.None))
                {
                    log.LeaseLost();
                    return; // disposing ends the child
                }
            }
            if (now >= stopAt) child.Kill();
            if (!more) break;
        }
        var end = await child.EndAsync(CancellationToken.None);
        await following.WriteAsync(CancellationToken.None);
        log.ChildEnded(end.ExitCode);
        await ConcludeAsync(lease, following, end, wanted, run, key);
    }

    /// <summary>True when there is something to read, or when it is time to look elsewhere; false at the end.</summary>
    private async Task<bool> WaitAsync(Task<bool> reading) => await Task.WhenAny(reading, Task.Delay(CancelLook, clock)) != reading || await reading;

    private async Task ConcludeAsync(StageLease lease, StageFollower following, ChildEnd end, StopReason wanted, string run, string? key)
    {
        if (end.Well)
        {
            log.StageDone();
            await PublishAsync(lease, await new StageOutputs(objects).StoreAsync(lease, run, key, CancellationToken.None), CancellationToken.None);
        }
        else if (wanted == StopReason.Cancelled)
            await lease.CancelledAsync(CancellationToken.None);
        else if (wanted == StopReason.ServiceStops)
            throw new OperationCanceledException();
        else
        {
            var failure = following.Failure is { Code: not RunFailure.Stopped } said ? FailureOf(said) : new(end.Signal is null && following.Failure is null ? FailureCode.Defect : FailureCode.Killed, end.Reason);
            log.StageFailed(failure.Code, failure.Message);
            await lease.FailAsync(failure, CancellationToken.None);
        }
    }

    private static Failure FailureOf(RunFailure said) => said.Code == FailureCode.Refused ? Failure.Refused(said.Faults) : new(said.Code, said.Faults[0].Message);

    private async Task PublishAsync(StageLease lease, StageOutcome outcome, CancellationToken cancel)
    {
        var (held, next) = await lease.SucceedAsync(outcome, cancel);
        if (!held)
        {
            log.LeaseLost();
            foreach (var file in outcome.Files) await objects.DeleteAsync(file.Key, cancel);
        }
        if (next is { } stage) queue.Enqueue(lease.Job, stage);
    }

    /// <summary>Says in the row why the attempt ended.</summary>
    private async Task FailAsync(StageLease lease, Exception failed, CancellationToken stopping)
    {
        var failure = failed switch
        {
            InputChangedException changed => new Failure(changed.Code, changed.Message),
            RefusedInputException refused => Failure.Refused(refused.Faults),
            _ when DiskFull.Says(failed) => new(FailureCode.Storage, "The disk of the service is full. Free some space and retry: the job goes on from its last checkpoint."),
            IOException => new(FailureCode.Storage, failed.Message),
            _ => new(FailureCode.Defect, $"An error of the service, which its log shows: {failed.Message}"),
        };
        log.StageBroke(failed, failure.Code);
        await DiskFull.WaitOutAsync(() => lease.FailAsync(failure, CancellationToken.None), log.CannotWrite, clock, stopping);
    }

    private async Task<JobRow> JobAsync(Guid id, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        return await db.Jobs.AsNoTracking().Include(j => j.Model).Include(j => j.Dataset).SingleAsync(j => j.Id == id, cancel);
    }

    /// <summary>Why the child was asked to stop.</summary>
    private enum StopReason
    {
        None,

        Cancelled,

        ServiceStops,
    }
}
