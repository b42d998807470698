using System.CommandLine;
using LoraDrop.Storage;

namespace LoraDrop.Cli;

/// <summary>Shows a dataset.</summary>
internal sealed class GetDatasetCommand : ServiceCommand
{
    private readonly Argument<string> _name = new("name") { Description = "Name or id" };

    public GetDatasetCommand() : base("get", "Show a dataset: its splits and columns, or its faults") => Add(_name);

    protected override async Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        var dataset = await service.DatasetAsync(options.GetValue(_name)!, cancel);
        terminal.TellJson(dataset.Json);
        if (dataset.Value.Status == InputStatus.Preparing) terminal.Say("being fetched and validated");
        return DatasetReadiness.Sum(dataset.Value, terminal);
    }
}
