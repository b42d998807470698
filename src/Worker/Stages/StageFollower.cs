using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Worker;

/// <summary>Records a child's reports: progress, metrics, events and checkpoints.</summary>
internal sealed class StageFollower(StageLease lease, string run, StageOutputs outputs, IObjectStore objects, Outages outages,
    TimeProvider clock, ILogger log)
{
    private readonly StageProgress _progress = new(lease.Job, lease.Stage);
    private int _checkpoints;

    /// <summary>The failure reported by the child.</summary>
    public RunFailure? Failure { get; private set; }

    /// <summary>Number of warnings recorded as events.</summary>
    public int LogEvents { get; private set; }

    /// <summary>Records new lines. Of several checkpoints only the last is stored, since the child has already replaced the
    /// others.</summary>
    public async Task TakeAsync(IReadOnlyList<ChildLine> lines, CancellationToken cancel)
    {
        var newest = lines.LastOrDefault(line => line.Event is RunEvent.CheckpointSaved);
        foreach (var line in lines)
        {
            Failure ??= line.Failure;
            if (line.Event is { } counted) WorkerMetrics.Take(counted);
            if (line.Event is not { } happened || (happened is RunEvent.CheckpointSaved && line != newest)) continue;
            _progress.Take(happened);
            await TakeAsync(happened, cancel);
        }
    }

    /// <summary>Records a warning of the child in the worker's log and the job's events.</summary>
    public async Task LogAsync(string text, CancellationToken cancel)
    {
        LogEvents++;
        log.ChildOutput(text);
        await lease.AddEventAsync(EventLevel.Warning, EventType.Log, text, null, cancel);
    }

    /// <summary>Writes progress and metrics, if there are any.</summary>
    public async Task WriteAsync(CancellationToken cancel)
    {
        if (!_progress.Any) return;
        var (columns, metrics) = _progress.Flush();
        await lease.RenewAsync(columns, metrics, cancel);
    }

    private async Task TakeAsync(RunEvent happened, CancellationToken cancel)
    {
        switch (happened)
        {
            case RunEvent.StageStarted started:
                await lease.RewindAsync(started.FromStep, cancel);
                await AddAsync(EventType.StageStarted,
                    $"{StageNames.ForPeople(started.Stage)}: {started.Steps:N0} steps over {started.Examples:N0} "
                    + $"examples{(started.FromStep > 0 ? $", resuming from step {started.FromStep:N0}" : "")}", started, cancel);
                break;
            case RunEvent.Evaluated evaluated:
                var scores = evaluated.Scores.OrderBy(s => s.Key != evaluated.Primary).Select(s => $"{s.Key} {s.Value:0.0000}");
                var best = evaluated.Best ? ", the best so far" : "";
                await AddAsync(EventType.Evaluated, $"Step {evaluated.Step:N0}: {string.Join(", ", scores)}{best}", evaluated, cancel);
                break;
            case RunEvent.ImportanceMeasured measured when lease.Stage == Stage.ImportanceEvaluation:
                var own = measured.Report.Sites.GroupBy(s => s.Type)
                    .Select(type => $"{type.Count(s => s.Place == Place.Own)} of {type.Count()} {type.Key} layers");
                await AddAsync(EventType.ImportanceMeasured,
                    $"Measured over {measured.Report.Examples:N0} examples: {string.Join(" and ", own)} keep their own LoRA.", null,
                    cancel);
                break;
            case RunEvent.CheckpointSaved saved:
                await WriteAsync(cancel);
                await outages.WaitOutAsync(() => StoreCheckpointAsync(saved, cancel), cancel);
                break;
            case RunEvent.Remark remark:
                await LogAsync(remark.Text, cancel);
                break;
        }
    }

    /// <summary>Stores the run's folder under keys of this attempt, and only then makes it the checkpoint to resume from.</summary>
    private async Task StoreCheckpointAsync(RunEvent.CheckpointSaved saved, CancellationToken cancel)
    {
        if (!await lease.HoldsAsync(cancel)) return;
        using var span = Tracing.Source.StartActivity("store checkpoint");
        var began = clock.GetTimestamp();
        var prefix = $"{StageOutputs.Prefix(lease)}/checkpoint-{_checkpoints++}";
        var files = await outputs.StoreFolderAsync(run, prefix, outputs.IsState, cancel);
        // the run has ended and removed it
        if (files.SingleOrDefault(f => f.Name == RunFolder.CheckpointFile) is not { } checkpoint) return;
        var row = new CheckpointRow { JobId = lease.Job, Stage = lease.Stage, Step = saved.Step, Attempt = lease.Attempt,
            At = clock.GetUtcNow(), Bytes = checkpoint.Bytes, Sha256 = checkpoint.Sha256, Scores = _progress.ScoresAt(saved.Step),
            Files = files };
        var replaced = await lease.CheckpointAsync(row, cancel);
        foreach (var file in replaced ?? files) await objects.DeleteAsync(file.Key, cancel);
        if (replaced is null) return;
        WorkerMetrics.CheckpointStored(clock.GetElapsedTime(began));
        log.CheckpointStored(saved.Step, checkpoint.Bytes);
        await AddAsync(EventType.Checkpoint, $"Checkpoint at step {saved.Step:N0}.", new { saved.Step, checkpoint.Bytes }, cancel);
    }

    private Task<bool> AddAsync(string type, string message, object? data, CancellationToken cancel) =>
        lease.AddEventAsync(EventLevel.Info, type, message, data is null ? null : JsonSerializer.Serialize(data, JsonText.Compact), cancel);
}
