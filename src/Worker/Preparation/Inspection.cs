using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Engine;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>Reads files that users brought in a child process, with bounds on time and memory: a hostile file can hurt only the child.</summary>
internal sealed class Inspection(WorkFolders folders, WorkerOptions options, TimeProvider clock)
{
    public Task<(ModelFacts? Facts, Failure? Failure)> ModelAsync(string folder, CancellationToken cancel) => RunAsync<ModelFacts>(new ChildWork.InspectModel(folder), cancel);

    public Task<(DatasetFacts? Facts, Failure? Failure)> DatasetAsync(DataFiles files, CancellationToken cancel) => RunAsync<DatasetFacts>(new ChildWork.InspectDataset(files), cancel);

    private async Task<(T? Facts, Failure? Failure)> RunAsync<T>(ChildWork work, CancellationToken cancel) where T : class
    {
        var folder = Path.Combine(folders.Work, $"inspect-{Guid.NewGuid():N}");
        try
        {
            using var child = ChildProcess.Start(work, folder, options);
            using var limit = new CancellationTokenSource(options.InspectionTime, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
            try
            {
                var end = await child.EndAsync(either.Token);
                if (end.Well) return (JsonSerializer.Deserialize<T>(await File.ReadAllTextAsync(ChildWork.FactsIn(folder), cancel), JsonText.Compact), null);
                RunFailure? said = null;
                while (child.Lines.TryRead(out var line)) said ??= line.Failure;
                return (null, Reason(said, end));
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested)
            {
                return (null, new(FailureCode.TimedOut, $"Reading it took longer than {options.InspectionTime.TotalMinutes:0.#} minutes and was stopped. The file may be damaged."));
            }
        }
        finally
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The runtime ends a process that runs out of memory with or without an exception.</summary>
    private Failure Reason(RunFailure? said, ChildEnd end)
    {
        if (said is { Code: FailureCode.Refused }) return Failure.Refused(said.Faults);
        if ((said?.Faults[0].Message ?? string.Join(' ', end.LastErrors)) is var words && (words.Contains(nameof(OutOfMemoryException)) || words.Contains("Out of memory")))
            return new(FailureCode.Refused, $"Reading it needs more than the {options.InspectionMemory >> 20:N0} MiB that are allowed. The file may be damaged, or too large.");
        return said is null ? end.Failure(byKernel: false) : new(said.Code, said.Faults[0].Message);
    }
}
