using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Takes a model's name away.</summary>
internal sealed class DeleteModelCommand : ServiceCommand
{
    private readonly Argument<string> _name = new("name") { Description = "Its name, or its id" };

    public DeleteModelCommand() : base("delete", "Take a model's name away, where no job needs it any more") => Add(_name);

    protected override async Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        await service.DeleteModelAsync(options.GetValue(_name)!, cancel);
        terminal.Tell(new { Deleted = options.GetValue(_name) });
        terminal.Say("deleted");
        return ExitCode.Done;
    }
}
