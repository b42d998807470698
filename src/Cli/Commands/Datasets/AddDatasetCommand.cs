using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Registers a dataset by its source.</summary>
internal sealed class AddDatasetCommand : ServiceCommand
{
    private readonly Argument<string> _name = new("name") { Description = "Name for use in jobs" };
    private readonly Argument<string> _source =
        new("source") { Description = "hf:<repository>[@revision][#part], a file or folder on the service's machine (file:/path or "
            + "./path), or a bucket's folder (s3://bucket/folder)" };
    private readonly DatasetReadiness _readiness;

    public AddDatasetCommand() : base("add", "Register a dataset from the hub, a bucket or the service's machine")
    {
        Add(_name);
        Add(_source);
        _readiness = new(this);
    }

    protected override async Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel) =>
        await _readiness.ShowAsync(await service.AddDatasetAsync(options.GetValue(_name)!, LocalSource.Of(options.GetValue(_source)!),
            cancel), options, terminal, service, cancel);
}
