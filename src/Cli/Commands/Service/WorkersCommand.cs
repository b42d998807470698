using System.CommandLine;
using LoraDrop.Api;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Lists the workers.</summary>
internal sealed class WorkersCommand() : ServiceCommand("workers", "List the workers, and what they are running")
{
    protected override async Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        var workers = new List<WorkerView>();
        await foreach (var worker in service.WorkersAsync(cancel))
        {
            terminal.TellJson(worker.Json);
            workers.Add(worker.Value);
        }
        if (!terminal.Json)
            PlainTable.Write(terminal.Console, ["worker", "version", "device", ">slots", "heard of", "runs"], workers.Select(Row));
        return ExitCode.Done;
    }

    private static IReadOnlyList<string?> Row(WorkerView worker) =>
    [
        worker.Id, worker.Version, worker.Device, $"{worker.Slots}", Words.Time(worker.HeartbeatAt),
        worker.Running.Count > 0
        ? string.Join(", ", worker.Running.Select(stage => $"{StageNames.ForPeople(stage.Stage)} of {stage.Job}"))
        : null,
    ];
}
