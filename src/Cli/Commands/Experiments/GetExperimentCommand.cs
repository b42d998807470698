using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Shows an experiment.</summary>
internal sealed class GetExperimentCommand() : ExperimentCommand("get", "Show an experiment")
{
    protected override async Task<int> RunAsync(Guid experiment, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel) => Show(await service.ExperimentAsync(experiment, cancel), terminal);
}
