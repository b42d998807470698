using LoraDrop.Api;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Lists the workers.</summary>
internal sealed class WorkersCommand()
    : TableCommand<WorkerView>("workers", "List the workers, and what they are running",
        "worker", "version", "device", ">slots", "heard of", "runs")
{
    protected override IAsyncEnumerable<Reply<WorkerView>> ListAsync(ServiceClient service, CancellationToken cancel) =>
        service.WorkersAsync(cancel);

    protected override IReadOnlyList<string?> Row(WorkerView worker) =>
    [
        worker.Id, worker.Version, worker.Device, $"{worker.Slots}", Words.Time(worker.HeartbeatAt),
        worker.Running.Count > 0
        ? string.Join(", ", worker.Running.Select(stage => $"{StageNames.ForPeople(stage.Stage)} of {stage.Job}"))
        : null,
    ];
}
