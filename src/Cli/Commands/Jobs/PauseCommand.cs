using System.CommandLine;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Pauses a job.</summary>
internal sealed class PauseCommand() : JobCommand("pause", "Pause a job until it is resumed")
{
    protected override async Task<int> RunAsync(Guid job, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel)
    {
        var changed = await service.PauseAsync(job, cancel);
        terminal.TellJson(changed.Json);
        terminal.Say(changed.Value.Status == JobStatus.Paused ? "paused" : "pausing: it saves a checkpoint and pauses within a step");
        return ExitCode.Done;
    }
}
