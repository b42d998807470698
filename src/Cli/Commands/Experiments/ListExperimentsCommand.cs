using System.CommandLine;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Lists experiments.</summary>
internal sealed class ListExperimentsCommand : ServiceCommand
{
    private readonly ListOptions _list;

    public ListExperimentsCommand() : base("list", "List experiments, newest first") => _list = new(this);

    protected override async Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        var found = await _list.ReadAsync(options, terminal, query => service.ExperimentsAsync(query, cancel), [], cancel);
        if (!terminal.Json)
            PlainTable.Write(terminal.Console, ["id", "name", "status", ">progress", ">jobs", ">failed", "created"], found.Select(shown =>
                (IReadOnlyList<string?>)[$"{shown.Id}", shown.Name, JsonText.NameOf(shown.Status), $"{shown.Progress:P0}",
                    $"{shown.Jobs.Total}", $"{shown.Jobs.Failed}", Words.Time(shown.CreatedAt)]));
        return ExitCode.Done;
    }
}
