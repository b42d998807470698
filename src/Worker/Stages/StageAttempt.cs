using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Worker;

/// <summary>One attempt at a stage, whose lease is held: fetch the inputs, run the child, write down what it reports, publish what it
/// leaves.</summary>
/// <remarks>
/// It may die at any line. Before the lease is taken nothing has happened. Until the outcome is published the row says running, and
/// whoever finds the lease run out hands the stage back. Files that were stored for an outcome which was never published belong to
/// no row and are not seen by anybody; the next attempt that ends removes them.
/// </remarks>
internal sealed class StageAttempt(StageInputs inputs, AdapterInput adapters, ImportanceReuse reuse, StageChild child,
    StageEnding ending, Outages outages, WorkFolders folders, ILogger<StageAttempt> log)
{
    public async Task RunAsync(StageLease lease, StageDevice device, CancellationToken stopping)
    {
        using var scope = log.BeginScope(new Dictionary<string, object> { ["JobId"] = lease.Job, ["Stage"] = JsonText.NameOf(lease.Stage),
            ["Attempt"] = lease.Attempt });
        log.Taken(lease.Attempt);
        var folder = Path.Combine(folders.Work, $"{lease.Job:N}-{lease.Stage}-{lease.Attempt}");
        await using var keeper = new LeaseKeeper(lease);
        await using var watch = new StageWatch(lease, stopping);
        using var writing = CancellationTokenSource.CreateLinkedTokenSource(lease.Lost);
        await using var deadline = watch.Stop.Register(() => writing.CancelAfter(child.StopGrace + StageEnding.LastWrites));
        try
        {
            await AttemptAsync(lease, device, folder, watch, writing.Token);
        }
        catch (OperationCanceledException) when (lease.Lost.IsCancellationRequested || watch.Reason != StopReason.None)
        {
            await ending.StopAsync(lease, lease.Lost.IsCancellationRequested ? StopReason.LeaseLost : watch.Reason);
        }
        catch (Exception failed)
        {
            await ending.FailAsync(lease, failed, writing.Token);
        }
        finally
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
    }

    private async Task AttemptAsync(StageLease lease, StageDevice device, string folder, StageWatch watch, CancellationToken writing)
    {
        var job = await outages.WaitOutAsync(() => inputs.JobAsync(lease.Job, watch.Stop), watch.Stop);
        var key = lease.Stage == Stage.ImportanceEvaluation ? ImportanceKey.Of(job, device.Kind) : null;
        if (key is not null && await outages.WaitOutAsync(() => reuse.FindAsync(lease, job, key, folder, watch.Stop),
            watch.Stop) is { } reused)
        {
            log.Reused(reused.ReusedFrom!.Value);
            await lease.AddEventAsync(EventLevel.Info, EventType.ImportanceReused,
                $"The importance that job {reused.ReusedFrom} measured is used: nothing that it depends on differs.",
                JsonSerializer.Serialize(new { from = reused.ReusedFrom }), writing);
            await ending.PublishAsync(lease, reused, writing);
            return;
        }
        var run = ChildWork.RunIn(folder);
        Directory.CreateDirectory(folder);
        var from = await outages.WaitOutAsync(() => inputs.FetchCheckpointAsync(lease.Job, lease.Stage, run, watch.Stop), watch.Stop);
        if (from is not null)
            await lease.AddEventAsync(EventLevel.Info, EventType.Resumed, $"Going on from the checkpoint at step {from.Step:N0}.",
                JsonSerializer.Serialize(new { from.Step }), writing);
        RunInputs fetched;
        using (Tracing.Source.StartActivity("fetch inputs")) fetched = await outages.WaitOutAsync(async () =>
            await inputs.FetchAsync(job, lease.Stage, folder, watch.Stop) with
            {
                // a checkpoint holds what became of it
                InitialAdapter = from is null ? await adapters.FetchAsync(job.Request, folder, watch.Stop) : null,
            }, watch.Stop);
        var ended = await child.RunAsync(lease, new(lease.Stage, job.Settings, fetched, device.Kind, child.Threads), folder, device,
            WarmFit.Of(job), watch, writing);
        await ending.ConcludeAsync(lease, ended, watch.Reason, run, key, writing);
    }
}
