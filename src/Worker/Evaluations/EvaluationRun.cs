using System.Diagnostics;
using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Worker;

/// <summary>Runs queued evaluations, each in a child process on a device that stages use, too.</summary>
internal sealed class EvaluationRun(EvaluationLeases leases, StageInputs inputs, WarmChildren warm, IObjectStore objects, Outages outages,
    WorkFolders folders, WorkerOptions options, TimeProvider clock, ILogger<EvaluationRun> log)
{
    public Task<bool> AnyAsync(WorkerAbility worker, CancellationToken cancel) => leases.AnyAsync(worker, cancel);

    /// <summary>Runs those that the worker can run, one after the other, until none is left.</summary>
    public async Task RunQueuedAsync(WorkerAbility worker, StageDevice device, CancellationToken stopping)
    {
        while (await outages.WaitOutAsync(() => leases.TakeNextAsync(worker, stopping), stopping) is { } lease)
        {
            using var scope = log.BeginScope(new Dictionary<string, object> { ["JobId"] = lease.Row.JobId,
                ["Evaluation"] = lease.Row.Id });
            using var span = Tracing.Begin("evaluate", ActivityKind.Consumer, lease.Row.TraceParent);
            span.SetTag("loradrop.job.id", lease.Row.JobId).SetTag("loradrop.attempt", lease.Attempt)
                .SetTag("loradrop.worker", worker.Id);
            await AttemptAsync(lease, device, stopping);
        }
    }

    private async Task AttemptAsync(EvaluationLease lease, StageDevice device, CancellationToken stopping)
    {
        using var lost = new CancellationTokenSource();
        using var over = new CancellationTokenSource();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping, lost.Token);
        var keeping = LeaseRenewal.KeepAsync(EvaluationLeases.Renewal, () => lease.RenewAsync(over.Token), outages, clock,
            lost, over.Token);
        var folder = Path.Combine(folders.Work, $"evaluate-{lease.Row.Id:N}-{lease.Attempt}");
        try
        {
            var (result, failure) = await OutcomeAsync(lease, device, folder, stop.Token);
            if (result is not null) await PublishAsync(lease, result, folder, stop.Token);
            else
            {
                log.EvaluationFailed(failure!.Code, failure.Message);
                Activity.Current.Fail(failure.Code, failure.Message);
                await outages.WaitOutAsync(() => lease.FailAsync(failure, stop.Token), stop.Token);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            if (!lost.IsCancellationRequested) await HandBackAsync(lease); // else it is another's, or was deleted
        }
        finally
        {
            await over.CancelAsync();
            await keeping;
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<(EvaluationResult? Result, Failure? Failure)> OutcomeAsync(EvaluationLease lease, StageDevice device, string folder,
        CancellationToken stop)
    {
        try
        {
            var job = await outages.WaitOutAsync(() => inputs.JobAsync(lease.Row.JobId, stop), stop);
            var work = await outages.WaitOutAsync(async () => new ChildWork.Evaluate(
                await inputs.SplitAsync(lease.Row.DatasetId, lease.Row.Split, Path.Combine(folder, "data"), stop), lease.Row.Base,
                await inputs.ModelAsync(job.Model, Path.Combine(folder, "model"), stop),
                await inputs.AdapterAsync(lease.Row.JobId, folder, stop), device.Kind, options.Threads), stop);
            await warm.TakeAsync(device, null); // what waits there keeps memory
            var kernelKills = KernelKills.Count();
            using var child = ChildProcess.Start(work, folder, options, device.Environment);
            log.ChildStarted(child.Id);
            var end = await child.EndAsync(stop) with { LessMemory = "Use a worker with more memory." };
            log.ChildEnded(end.ExitCode);
            if (end.Well)
                return (JsonSerializer.Deserialize<EvaluationResult>(await File.ReadAllTextAsync(ChildWork.FactsIn(folder), stop),
                    JsonText.Compact), null);
            RunFailure? said = null;
            while (child.Lines.TryRead(out var line)) said ??= line.Failure;
            return (null, said is null ? end.Failure(KernelKills.Count() > kernelKills) : said.Code == FailureCode.Refused
                ? Failure.Refused(said.Faults) : new(said.Code, said.Faults[0].Message));
        }
        catch (InputChangedException changed)
        {
            return (null, new(changed.Code, changed.Message));
        }
        catch (IOException unread)
        {
            return (null, new(FailureCode.Storage, unread.Message));
        }
        catch (Exception broken) when (broken is not OperationCanceledException)
        {
            log.EvaluationBroke(broken);
            return (null, new(FailureCode.Defect, $"An error of the service, which its log shows: {broken.Message}"));
        }
    }

    private async Task PublishAsync(EvaluationLease lease, EvaluationResult result, string folder, CancellationToken stop)
    {
        var files = new List<StoredFile>();
        var held = await outages.WaitOutAsync(async () =>
        {
            files.Clear();
            foreach (var name in (string[])[EvaluationResult.PredictionsFile, EvaluationResult.BasePredictionsFile])
            {
                if (!File.Exists(Path.Combine(folder, name))) continue;
                var stored = await objects.PutFileAsync(lease.Prefix + name, Path.Combine(folder, name), stop);
                files.Add(new(name, stored.Key, stored.Bytes, stored.Sha256));
            }
            return await lease.SucceedAsync(result, files, stop);
        }, stop);
        if (held) log.Evaluated(result.Adapter.Primary, result.Adapter.Scores[result.Adapter.Primary]);
        else foreach (var file in files) await objects.DeleteAsync(file.Key, CancellationToken.None); // keys of this attempt alone
    }

    private async Task HandBackAsync(EvaluationLease lease)
    {
        try
        {
            await lease.HandBackAsync(CancellationToken.None);
        }
        catch (Exception failed) when (Outages.Of(failed) is not null)
        {
            log.NotHandedBack();
        }
    }
}
