using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Lets a paused job go on.</summary>
internal sealed class ResumeCommand() : JobCommand("resume", "Let a paused job go on from its last checkpoint")
{
    protected override async Task<int> RunAsync(Guid job, ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        var changed = await service.ResumeAsync(job, cancel);
        terminal.TellJson(changed.Json);
        terminal.Say("goes on");
        return ExitCode.Done;
    }
}
