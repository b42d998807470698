using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Follows a job to its end.</summary>
internal sealed class WatchCommand : JobCommand
{
    private readonly JobWatch _watch;

    public WatchCommand() : base("watch", "Follow a job to its end; Ctrl-C leaves it running") => _watch = new(this);

    protected override Task<int> RunAsync(Guid job, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel) =>
        _watch.RunAsync(job, options, terminal, service, cancel);
}
