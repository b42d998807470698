using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Follows an experiment to its end.</summary>
internal sealed class WatchExperimentCommand : ExperimentCommand
{
    private readonly ExperimentWatch _watch;

    public WatchExperimentCommand() : base("watch", "Follow an experiment to its end, then write its table; Ctrl-C leaves it running") =>
        _watch = new(this);

    protected override Task<int> RunAsync(Guid experiment, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel) => _watch.RunAsync(experiment, options, terminal, service, cancel);
}
