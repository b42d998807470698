using System.CommandLine;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Asks a job to wait.</summary>
internal sealed class PauseCommand() : JobCommand("pause", "Ask a job to wait until it is resumed")
{
    protected override async Task<int> RunAsync(Guid job, ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        var changed = await service.PauseAsync(job, cancel);
        terminal.TellJson(changed.Json);
        terminal.Say(changed.Value.Status == JobStatus.Paused ? "paused" : "asked to pause; it saves what it has and pauses within a step");
        return ExitCode.Done;
    }
}
