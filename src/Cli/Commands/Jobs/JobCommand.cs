using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>A command about one job.</summary>
internal abstract class JobCommand : ServiceCommand
{
    private readonly Argument<Guid> _id = new("id")
    {
        Description = "Job id, as shown by submit and list",
        CustomParser = result =>
        {
            if (!Guid.TryParse(result.Tokens[0].Value, out var id))
                result.AddError($"'{result.Tokens[0].Value}' is not a job id; loradrop jobs list shows the ids");
            return id;
        },
    };

    protected JobCommand(string name, string description) : base(name, description) => Add(_id);

    /// <summary>Runs the command; returns the exit code.</summary>
    protected abstract Task<int> RunAsync(Guid job, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel);

    protected sealed override Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel) =>
        RunAsync(options.GetValue(_id), options, terminal, service, cancel);
}
