using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>Inspects user files in a child process with limits on time and memory, so that a hostile file harms only the child.</summary>
/// <remarks>The runtime limits managed memory. The memory of native libraries (Arrow, for Parquet) is monitored
/// here.</remarks>
internal sealed class Inspection(WorkFolders folders, WorkerOptions options, TimeProvider clock)
{
    /// <summary>Resident memory without any data: the runtime and its libraries.</summary>
    private const long BaselineMemory = 256L << 20;

    private static readonly TimeSpan Watched = TimeSpan.FromMilliseconds(100);

    public Task<(ModelSummary? Facts, Failure? Failure)> ModelAsync(string folder, CancellationToken cancel) =>
        RunAsync<ModelSummary>(new ChildWork.InspectModel(folder), cancel);

    public Task<(DatasetSummary? Facts, Failure? Failure)> DatasetAsync(DataFiles files, CancellationToken cancel) =>
        RunAsync<DatasetSummary>(new ChildWork.InspectDataset(files), cancel);

    private async Task<(T? Facts, Failure? Failure)> RunAsync<T>(ChildWork work, CancellationToken cancel) where T : class
    {
        var folder = Path.Combine(folders.Work, $"inspect-{Guid.NewGuid():N}");
        try
        {
            using var child = ChildProcess.Start(work, folder, options);
            using var limit = new CancellationTokenSource(options.InspectionTime, clock);
            using var full = new CancellationTokenSource();
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, full.Token, cancel);
            using var over = new CancellationTokenSource();
            var watching = work is ChildWork.InspectDataset ? WatchAsync(child, full, over.Token)
                : Task.CompletedTask;   // a model's weights are memory-mapped and count as resident
            try
            {
                var end = await child.EndAsync(either.Token);
                if (end.Well)
                    return (JsonSerializer.Deserialize<T>(await File.ReadAllTextAsync(ChildWork.FactsIn(folder), cancel), JsonText.Compact),
                        null);
                RunFailure? said = null;
                while (child.Lines.TryRead(out var line)) said ??= line.Failure;
                return (null, Reason(said, end));
            }
            catch (OperationCanceledException) when (full.IsCancellationRequested)
            {
                return (null, TooMuchMemory);
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested)
            {
                return (null,
                    new(FailureCode.TimedOut,
                    $"Validation took longer than {options.InspectionTime.TotalMinutes:0.#} minutes and was stopped. The "
                    + "file may be damaged."));
            }
            finally
            {
                await over.CancelAsync();
                await watching;
            }
        }
        finally
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
    }

    private Failure TooMuchMemory => new(FailureCode.Refused,
        $"Validation needs more than the allowed {options.InspectionMemory >> 20:N0} MiB of memory. The file "
        + "may be damaged or too large.");

    private async Task WatchAsync(ChildProcess child, CancellationTokenSource full, CancellationToken over)
    {
        using var timer = new PeriodicTimer(Watched, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(over))
            {
                if (child.Memory <= options.InspectionMemory + BaselineMemory) continue;
                await full.CancelAsync();
                return;
            }
        }
        catch (OperationCanceledException)
        {
            // The work has ended.
        }
    }

    /// <summary>The reason of a failure. On out of memory, the runtime may end the process with or without an exception.</summary>
    private Failure Reason(RunFailure? said, ChildEnd end)
    {
        if (said is { Code: FailureCode.Refused }) return Failure.Refused(said.Faults);
        if ((said?.Faults[0].Message ?? string.Join(' ', end.LastErrors)) is var words
            && (words.Contains(nameof(OutOfMemoryException)) || words.Contains("Out of memory")))
            return TooMuchMemory;
        return said is null ? end.Failure(byKernel: false) : new(said.Code, said.Faults[0].Message);
    }
}
