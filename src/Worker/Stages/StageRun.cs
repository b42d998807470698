using System.Diagnostics;
using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Worker;

/// <summary>One attempt at a stage: take the lease, fetch the inputs, run the child, write down what it reports, publish what it leaves.</summary>
/// <remarks>
/// It may die at any line. Before the lease is taken nothing has happened. Until the outcome is published the row says running, and
/// whoever finds the lease run out hands the stage back. Files that were stored for an outcome which was never published belong to
/// no row and are not seen by anybody; the next attempt that ends removes them.
/// </remarks>
internal sealed class StageRun(IDbContextFactory<JobsContext> contexts, StageLeases leases, Outages outages, IObjectStore objects, ObjectSweep sweep, InputCache cache, WorkQueue queue, WorkFolders folders,
    Machine machine, WorkerIdentity worker, WorkerOptions options, IHostApplicationLifetime lifetime, TrackingOptions tracking, TimeProvider clock, ILogger<StageRun> log, MlflowTracking? mlflow = null)
{
    /// <summary>How often progress is written.</summary>
    private static readonly TimeSpan ProgressWrite = TimeSpan.FromSeconds(1);

    /// <summary>What storing the last checkpoint may take when an attempt is to stop, beyond the child's own grace; and then what saying so may take when the service goes down.</summary>
    private static readonly TimeSpan LastWrites = TimeSpan.FromSeconds(2);

    /// <summary>A native library that complains at every step must not fill the table.</summary>
    private const int MostLogEvents = 50;

    private readonly WorkerAbility _ability = new(worker.Id, WorkerDemand.SelectorsOf(machine.Labels), machine.Memory, OnCpu: machine.Device == "cpu");

    /// <summary>Whether a stage is queued that this worker can run, and a device is free for it.</summary>
    public async Task<bool> CanStartAsync(CancellationToken cancel) => machine.Devices.AnyFree && await leases.AnyAsync(_ability, cancel);

    /// <summary>Runs the queued stages that this worker can run, one after the other, until there is none; nothing where no device is free.</summary>
    /// <remarks>A message wakes for all that is queued: of many stages that are queued at once, only some have one of their own.</remarks>
    public async Task RunQueuedAsync()
    {
        var stopping = lifetime.ApplicationStopping;
        if (stopping.IsCancellationRequested || !machine.Devices.TryTake(out var device)) return;
        try
        {
            while (await leases.TakeNextAsync(_ability, stopping) is { } taken)
            {
                using var lease = taken;
                await RunAsync(lease, device, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Nothing was taken up.
        }
        finally
        {
            machine.Devices.Return(device);
        }
    }

    private async Task RunAsync(StageLease lease, StageDevice device, CancellationToken stopping)
    {
        using var span = Tracing.Begin($"run {JsonText.NameOf(lease.Stage)}", ActivityKind.Consumer, lease.TraceParent);
        span.SetTag("loradrop.job.id", lease.Job).SetTag("loradrop.stage", JsonText.NameOf(lease.Stage)).SetTag("loradrop.attempt", lease.Attempt).SetTag("loradrop.worker", worker.Id).SetTag("loradrop.device", device.Kind);
        if (lease.QueuedAt is { } since) Tracing.Record("queued", lease.TraceParent, since, clock.GetUtcNow());
        using var scope = log.BeginScope(new Dictionary<string, object> { ["JobId"] = lease.Job, ["Stage"] = JsonText.NameOf(lease.Stage), ["Attempt"] = lease.Attempt });
        log.Taken(lease.Attempt);
        mlflow?.Follow(lease.Job);
        var folder = Path.Combine(folders.Work, $"{lease.Job:N}-{lease.Stage}-{lease.Attempt}");
        await using var keeper = new LeaseKeeper(lease, clock);
        await using var watch = new StageWatch(lease, clock, stopping);
        using var writing = CancellationTokenSource.CreateLinkedTokenSource(lease.Lost);
        await using var deadline = watch.Stop.Register(() => writing.CancelAfter(options.StopGrace + LastWrites));
        try
        {
            await AttemptAsync(lease, device, folder, watch, writing.Token);
        }
        catch (OperationCanceledException) when (lease.Lost.IsCancellationRequested || watch.Reason != StopReason.None)
        {
            await StopAsync(lease, lease.Lost.IsCancellationRequested ? StopReason.LeaseLost : watch.Reason);
        }
        catch (Exception failed)
        {
            await FailAsync(lease, failed, writing.Token);
        }
        finally
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
    }

    private async Task AttemptAsync(StageLease lease, StageDevice device, string folder, StageWatch watch, CancellationToken writing)
    {
        var job = await outages.WaitOutAsync(() => JobAsync(lease.Job, watch.Stop), watch.Stop);
        var key = lease.Stage == Stage.ImportanceEvaluation ? ImportanceKey.Of(job, device.Kind) : null;
        var inputs = new StageInputs(contexts, objects, cache);
        if (key is not null && await outages.WaitOutAsync(() => new ImportanceReuse(contexts, new StageOutputs(objects, tracking), inputs).FindAsync(lease, job, key, folder, watch.Stop), watch.Stop) is { } reused)
        {
            log.Reused(reused.ReusedFrom!.Value);
            await lease.AddEventAsync(EventLevel.Info, EventType.ImportanceReused, $"The importance that job {reused.ReusedFrom} measured is used: nothing that it depends on differs.", JsonSerializer.Serialize(new { from = reused.ReusedFrom }), writing);
            await PublishAsync(lease, reused, writing);
            return;
        }
        var run = ChildWork.RunIn(folder);
        Directory.CreateDirectory(folder);
        if (await outages.WaitOutAsync(() => inputs.FetchCheckpointAsync(lease.Job, lease.Stage, run, watch.Stop), watch.Stop) is { } from)
            await lease.AddEventAsync(EventLevel.Info, EventType.Resumed, $"Going on from the checkpoint at step {from.Step:N0}.", JsonSerializer.Serialize(new { from.Step }), writing);
        RunInputs fetched;
        using (Tracing.Source.StartActivity("fetch inputs")) fetched = await outages.WaitOutAsync(() => inputs.FetchAsync(job, lease.Stage, folder, watch.Stop), watch.Stop);
        var kernelKills = KernelKills.Count();
        using var child = ChildProcess.Start(new ChildWork.RunStage(lease.Stage, job.Settings, fetched, device.Kind, options.Threads), folder, options, device.Environment);
        log.ChildStarted(child.Id);
        await FollowAsync(lease, child, run, key, kernelKills, watch, writing);
    }

    /// <summary>Writes down what the child reports until it ends, and then what came of it.</summary>
    private async Task FollowAsync(StageLease lease, ChildProcess child, string run, string? key, long? kernelKills, StageWatch watch, CancellationToken writing)
    {
        var following = new StageFollower(lease, run, new StageOutputs(objects, tracking), objects, outages, clock, log);
        await using var stop = watch.Stop.Register(child.Stop);
        var killAt = DateTimeOffset.MaxValue;
        var nextWrite = clock.GetUtcNow() + ProgressWrite;
        var lines = child.Lines;
        var waiting = new List<ChildLine>();
        while (true)
        {
            var more = await WaitAsync(lines.WaitToReadAsync(CancellationToken.None).AsTask());
            waiting.Clear();
            while (lines.TryRead(out var line)) waiting.Add(line);
            await following.TakeAsync(waiting, writing);
            while (following.LogEvents < MostLogEvents && child.Errors.TryRead(out var text)) await following.LogAsync(text, writing);
            var now = clock.GetUtcNow();
            if (now >= nextWrite)
            {
                nextWrite = now + ProgressWrite;
                await following.WriteAsync(writing);
            }
            writing.ThrowIfCancellationRequested(); // disposing ends the child
            if (watch.Stop.IsCancellationRequested && killAt == DateTimeOffset.MaxValue) killAt = now + options.StopGrace;
            if (now >= killAt) child.Kill();
            if (!more) break;
        }
        var end = await child.EndAsync(CancellationToken.None);
        await following.WriteAsync(writing);
        writing.ThrowIfCancellationRequested();
        log.ChildEnded(end.ExitCode);
        await ConcludeAsync(lease, following, end, watch, run, key, kernelKills, writing);
    }

    /// <summary>True when there is something to read, or when it is time to look elsewhere; false at the end.</summary>
    private async Task<bool> WaitAsync(Task<bool> reading) => await Task.WhenAny(reading, Task.Delay(StageWatch.Between, clock)) != reading || await reading;

    private async Task ConcludeAsync(StageLease lease, StageFollower following, ChildEnd end, StageWatch watch, string run, string? key, long? kernelKills, CancellationToken writing)
    {
        if (end.Well)
        {
            log.StageDone();
            using var span = Tracing.Source.StartActivity("publish");
            await PublishAsync(lease, await outages.WaitOutAsync(() => new StageOutputs(objects, tracking).StoreAsync(lease, run, key, writing), writing), writing);
            return;
        }
        if (watch.Reason != StopReason.None) throw new OperationCanceledException();
        if (end.IsKill && KernelKills.Count() is { } now && now == kernelKills)
        {
            var killed = new Failure(FailureCode.Killed, ChildEnd.KilledFromOutside);
            log.StageFailed(killed.Code, killed.Message);
            Activity.Current.Fail(killed.Code, killed.Message);
            await lease.KilledAsync(killed, writing);
            return;
        }
        var failure = following.Failure is { Code: not RunFailure.Stopped } said ? FailureOf(said) : end.Failure(byKernel: end.IsKill && kernelKills is not null);
        log.StageFailed(failure.Code, failure.Message);
        Activity.Current.Fail(failure.Code, failure.Message);
        await lease.FailAttemptAsync(failure, writing);
    }

    private static Failure FailureOf(RunFailure said) => said.Code == FailureCode.Refused ? Failure.Refused(said.Faults) : new(said.Code, said.Faults[0].Message);

    private async Task PublishAsync(StageLease lease, StageOutcome outcome, CancellationToken writing)
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

    /// <summary>The attempt ends because somebody wished so.</summary>
    private async Task StopAsync(StageLease lease, StopReason reason)
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

    /// <summary>Says in the row why the attempt ended.</summary>
    private async Task FailAsync(StageLease lease, Exception failed, CancellationToken writing)
    {
        var failure = failed switch
        {
            InputChangedException changed => new Failure(changed.Code, changed.Message),
            RefusedInputException refused => Failure.Refused(refused.Faults),
            _ when DiskFull.Says(failed) => new(FailureCode.Storage, "The worker's disk is full. Free some space and retry: the job goes on from its last checkpoint."),
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

    private async Task<JobRow> JobAsync(Guid id, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        return await db.Jobs.AsNoTracking().Include(j => j.Model).Include(j => j.Dataset).SingleAsync(j => j.Id == id, cancel);
    }
}
