using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Brings back a deleted job.</summary>
internal sealed class RestoreCommand() : JobCommand("restore", "Bring back a deleted job")
{
    protected override async Task<int> RunAsync(Guid job, ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        var restored = await service.RestoreAsync(job, cancel);
        terminal.TellJson(restored.Json);
        terminal.Say("is back");
        return ExitCode.Done;
    }
}
