using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Deletes an ended job.</summary>
internal sealed class DeleteJobCommand : JobCommand
{
    private readonly Option<bool> _purge =
        new("--purge") { Description = "Delete for good, with its files (default: it can be restored for some days)" };

    public DeleteJobCommand() : base("delete", "Delete an ended job") => Add(_purge);

    protected override async Task<int> RunAsync(Guid job, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel)
    {
        var purge = options.GetValue(_purge);
        await service.DeleteJobAsync(job, purge, cancel);
        terminal.Tell(new { Deleted = job });
        terminal.Say(purge ? "deleted, with its files" : $"deleted; to undo: loradrop jobs restore {job}");
        return ExitCode.Done;
    }
}
