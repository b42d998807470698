using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Engine;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>Reads files that users brought in a child process, with bounds on time and memory: a hostile file can hurt only the child.</summary>
internal sealed class Inspection(DataFolder data, WorkerOptions options, TimeProvider clock)
{
    public Task<(ModelFacts? Facts, Failure? Failure)> ModelAsync(string folder, CancellationToken cancel) => RunAsync<ModelFacts>(new ChildWork.InspectModel(folder), cancel);

    public Task<(DatasetFacts? Facts, Failure? Failure)> DatasetAsync(DataFiles files, CancellationToken cancel) => RunAsync<DatasetFacts>(new ChildWork.InspectDataset(files), cancel);

    private async Task<(T? Facts, Failure? Failure)> RunAsync<T>(ChildWork work, CancellationToken cancel) where T : class
    {
        var folder = Path.Combine(data.Work, $"inspect-{Guid.NewGuid():N}");
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
                return (null, said is null ? new(FailureCode.Killed, end.Reason) : FailureOf(said));
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

    private Failure FailureOf(RunFailure said) => said switch
    {
        { Code: FailureCode.Refused } => Failure.Refused(said.Faults),
        { Code: FailureCode.Defect } when said.Faults[0].Message.Contains(nameof(OutOfMemoryException)) =>
            new(FailureCode.Refused, $"Reading it needs more than the {options.InspectionMemory >> 20:N0} MiB that are allowed. The file may be damaged, or too large."),
        _ => new(said.Code, said.Faults[0].Message),
    };
}
