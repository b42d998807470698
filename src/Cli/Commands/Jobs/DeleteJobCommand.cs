using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Deletes an ended job.</summary>
internal sealed class DeleteJobCommand() : JobCommand("delete", "Delete an ended job and its files")
{
    protected override async Task<int> RunAsync(Guid job, ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        await service.DeleteJobAsync(job, cancel);
        terminal.Tell(new { Deleted = job });
        terminal.Say("deleted");
        return ExitCode.Done;
    }
}
