using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Deletes an experiment.</summary>
internal sealed class DeleteExperimentCommand() : ExperimentCommand("delete", "Delete an ended experiment and its jobs")
{
    protected override async Task<int> RunAsync(Guid experiment, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel)
    {
        await service.DeleteExperimentAsync(experiment, cancel);
        terminal.Tell(new { Deleted = experiment });
        terminal.Say("deleted");
        return ExitCode.Done;
    }
}
