using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Fetches the figures of an experiment.</summary>
internal sealed class PlotExperimentCommand : ExperimentCommand
{
    private readonly Option<string> _out = new("--out") { Description = "Folder for the pictures", Required = true };
    private readonly Option<string> _format = new("--format") { Description = "svg (default), png or csv",
        DefaultValueFactory = _ => "svg" };

    public PlotExperimentCommand() : base("plot", "Fetch the figures of an experiment")
    {
        _format.AcceptOnlyFromAmong("svg", "png", "csv");
        Add(_out);
        Add(_format);
    }

    protected override async Task<int> RunAsync(Guid experiment, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel)
    {
        var (folder, format) = (options.GetValue(_out)!, options.GetValue(_format)!);
        Directory.CreateDirectory(folder);
        var figures = await service.FiguresAsync(experiment, cancel);
        foreach (var figure in figures)
        {
            var file = Path.Combine(folder, $"{figure.Name}.{format}");
            await File.WriteAllBytesAsync(file, await service.FigureAsync(format switch
            {
                "svg" => figure.Svg,
                "png" => figure.Png,
                _ => figure.Csv,
            }, cancel), cancel);
            terminal.Tell(new { File = file, figure.AltText });
            terminal.Say($"{file}\n  {figure.AltText}");
        }
        if (figures.Count == 0) terminal.Say("nothing to draw yet: no job has ended");
        return ExitCode.Done;
    }
}
