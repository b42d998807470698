using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Restores a deleted job.</summary>
internal sealed class RestoreCommand() : JobCommand("restore", "Restore a deleted job")
{
    protected override async Task<int> RunAsync(Guid job, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel)
    {
        var restored = await service.RestoreAsync(job, cancel);
        terminal.TellJson(restored.Json);
        terminal.Say("restored");
        return ExitCode.Done;
    }
}
