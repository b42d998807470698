using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Pauses, resumes, cancels or retries an experiment.</summary>
internal sealed class ChangeExperimentCommand(string name, string description) : ExperimentCommand(name, description)
{
    protected override async Task<int> RunAsync(Guid experiment, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel) => Show(await service.ChangeExperimentAsync(experiment, Name, cancel), terminal);
}
