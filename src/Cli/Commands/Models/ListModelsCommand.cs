using System.CommandLine;
using LoraDrop.Api;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Lists models.</summary>
internal sealed class ListModelsCommand : ServiceCommand
{
    private readonly ListOptions _list;

    public ListModelsCommand() : base("list", "List models, newest first") => _list = new(this);

    protected override async Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        var models = await _list.ReadAsync(options, terminal, query => service.ModelsAsync(query, cancel), [], cancel);
        if (!terminal.Json)
            PlainTable.Write(terminal.Console, ["name", "status", "family", ">layers", ">parameters", "source", "created"],
                models.Select(Row));
        return ExitCode.Done;
    }

    private static IReadOnlyList<string?> Row(ModelView model) =>
    [
        model.Name, JsonText.NameOf(model.Status), model.Facts?.Family, model.Facts is { } facts ? $"{facts.Layers}" : null,
        model.Facts is { } counted ? $"{counted.Parameters:N0}" : null, model.Source, Words.Time(model.CreatedAt),
    ];
}
