using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Writes the results of an experiment.</summary>
internal sealed class ExperimentTableCommand : ExperimentCommand
{
    private readonly Option<string> _format = new("--format") { Description = "markdown (default), latex, csv or json",
        DefaultValueFactory = _ => "markdown" };

    public ExperimentTableCommand() : base("table", "Write the results so far, as a table")
    {
        _format.AcceptOnlyFromAmong("markdown", "latex", "csv", "json");
        Add(_format);
    }

    protected override async Task<int> RunAsync(Guid experiment, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel)
    {
        var format = terminal.Json ? "json" : options.GetValue(_format)!;
        await Console.Out.WriteLineAsync((await service.ResultsAsync(experiment, format, cancel)).TrimEnd());
        return ExitCode.Done;
    }
}
