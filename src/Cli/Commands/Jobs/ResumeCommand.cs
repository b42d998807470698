using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Resumes a paused job.</summary>
internal sealed class ResumeCommand() : JobCommand("resume", "Resume a paused job from its last checkpoint")
{
    protected override async Task<int> RunAsync(Guid job, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel)
    {
        var changed = await service.ResumeAsync(job, cancel);
        terminal.TellJson(changed.Json);
        terminal.Say("resumed");
        return ExitCode.Done;
    }
}
