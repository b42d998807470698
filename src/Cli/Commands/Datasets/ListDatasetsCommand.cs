using System.CommandLine;
using LoraDrop.Api;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Lists datasets.</summary>
internal sealed class ListDatasetsCommand : ServiceCommand
{
    private readonly ListOptions _list;

    public ListDatasetsCommand() : base("list", "List datasets, newest first") => _list = new(this);

    protected override async Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        var datasets = await _list.ReadAsync(options, terminal, query => service.DatasetsAsync(query, cancel), [], cancel);
        if (!terminal.Json)
            PlainTable.Write(terminal.Console, ["name", "status", "splits", ">rows", "source", "created"], datasets.Select(Row));
        return ExitCode.Done;
    }

    private static IReadOnlyList<string?> Row(DatasetView dataset) =>
    [
        dataset.Name, JsonText.NameOf(dataset.Status), dataset.Splits is { } splits
        ? string.Join(", ", splits.Select(split => split.Split))
        : null,
        dataset.Splits is { } all ? $"{all.Sum(split => split.Rows):N0}" : null, dataset.Source, Words.Time(dataset.CreatedAt),
    ];
}
