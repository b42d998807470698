using System.CommandLine;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Cancels a job.</summary>
internal sealed class CancelCommand() : JobCommand("cancel", "Cancel a job")
{
    protected override async Task<int> RunAsync(Guid job, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel)
    {
        var changed = await service.CancelAsync(job, cancel);
        terminal.TellJson(changed.Json);
        terminal.Say(changed.Value.Status == JobStatus.Cancelled
            ? "cancelled"
            : "cancelling: it saves a checkpoint and stops within a step");
        return ExitCode.Done;
    }
}
