using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Deletes a model.</summary>
internal sealed class DeleteModelCommand : ServiceCommand
{
    private readonly Argument<string> _name = new("name") { Description = "Name or id" };

    public DeleteModelCommand() : base("delete", "Delete a model that no job needs") => Add(_name);

    protected override async Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        await service.DeleteModelAsync(options.GetValue(_name)!, cancel);
        terminal.Tell(new { Deleted = options.GetValue(_name) });
        terminal.Say("deleted");
        return ExitCode.Done;
    }
}
