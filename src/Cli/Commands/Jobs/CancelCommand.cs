using System.CommandLine;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Asks a job to stop.</summary>
internal sealed class CancelCommand() : JobCommand("cancel", "Ask a job to stop")
{
    protected override async Task<int> RunAsync(Guid job, ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        var changed = await service.CancelAsync(job, cancel);
        terminal.TellJson(changed.Json);
        terminal.Say(changed.Value.Status == JobStatus.Cancelled ? "cancelled" : "asked to stop; it saves what it has and stops within a step");
        return ExitCode.Done;
    }
}
