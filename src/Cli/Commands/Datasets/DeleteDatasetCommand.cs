using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Deletes a dataset.</summary>
internal sealed class DeleteDatasetCommand : ServiceCommand
{
    private readonly Argument<string> _name = new("name") { Description = "Name or id" };

    public DeleteDatasetCommand() : base("delete", "Delete a dataset that no job needs") => Add(_name);

    protected override async Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        await service.DeleteDatasetAsync(options.GetValue(_name)!, cancel);
        terminal.Tell(new { Deleted = options.GetValue(_name) });
        terminal.Say("deleted");
        return ExitCode.Done;
    }
}
