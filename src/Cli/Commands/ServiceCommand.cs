using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>A command that calls a service at any address.</summary>
internal abstract class ServiceCommand : ClientCommand
{
    private readonly Option<string?> _url =
        new("--url") { Description = $"Address of the service (default: the variable {ServiceAddress.Variable}, else "
            + $"{ServiceAddress.Default})" };

    protected ServiceCommand(string name, string description) : base(name, description) => Add(_url);

    /// <summary>Runs the command; returns the exit code.</summary>
    protected abstract Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel);

    protected sealed override async Task<int> RunAsync(ParseResult options, Terminal terminal, CancellationToken cancel)
    {
        using var service =
            new ServiceClient(ServiceAddress.Of(options.GetValue(_url), Environment.GetEnvironmentVariable(ServiceAddress.Variable)),
                ServiceAddress.Key(Environment.GetEnvironmentVariable(ServiceAddress.KeyVariable)));
        return await RunAsync(options, terminal, service, cancel);
    }
}
