using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Shows a job.</summary>
internal sealed class GetJobCommand() : JobCommand("get", "Show everything about a job")
{
    protected override async Task<int> RunAsync(Guid job, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel)
    {
        var found = await service.JobAsync(job, cancel);
        terminal.TellJson(found.Json);
        if (!terminal.Json) JobPageView.Write(terminal.Console, found.Value);
        return ExitCode.Done;
    }
}
