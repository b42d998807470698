using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>A command about one job.</summary>
internal abstract class JobCommand : ServiceCommand
{
    private readonly Argument<Guid> _id = OptionRules.Id("id", "Job id, as shown by submit and list",
        "is not a job id; loradrop jobs list shows the ids");

    protected JobCommand(string name, string description) : base(name, description) => Add(_id);

    /// <summary>Runs the command; returns the exit code.</summary>
    protected abstract Task<int> RunAsync(Guid job, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel);

    protected sealed override Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel) =>
        RunAsync(options.GetValue(_id), options, terminal, service, cancel);
}
