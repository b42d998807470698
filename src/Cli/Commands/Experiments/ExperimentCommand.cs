using System.CommandLine;
using System.Globalization;
using LoraDrop.Api;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>A command about one experiment.</summary>
internal abstract class ExperimentCommand : ServiceCommand
{
    private readonly Argument<Guid> _id = new("id")
    {
        Description = "Experiment id, as shown by run and list",
        CustomParser = result =>
        {
            if (!Guid.TryParse(result.Tokens[0].Value, out var id))
                result.AddError($"'{result.Tokens[0].Value}' is not an experiment id; loradrop experiments list shows the ids");
            return id;
        },
    };

    protected ExperimentCommand(string name, string description) : base(name, description) => Add(_id);

    /// <summary>Runs the command; returns the exit code.</summary>
    protected abstract Task<int> RunAsync(Guid experiment, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel);

    protected sealed override Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel) =>
        RunAsync(options.GetValue(_id), options, terminal, service, cancel);

    /// <summary>Shows an experiment in a few lines.</summary>
    internal static int Show(Reply<ExperimentView> experiment, Terminal terminal)
    {
        terminal.TellJson(experiment.Json);
        var shown = experiment.Value;
        terminal.Say($"experiment {shown.Id}{(shown.Name is { } name ? $"  {name}" : "")}");
        terminal.Say($"  {LineOf(shown)}");
        foreach (var remark in shown.Remarks) terminal.Say($"  {remark}");
        return ExitCode.Done;
    }

    /// <summary>Its progress on one line.</summary>
    internal static string LineOf(ExperimentView shown)
    {
        var jobs = shown.Jobs;
        var parts = new[]
        {
            (jobs.Succeeded, "succeeded"), (jobs.Failed, "failed"), (jobs.Cancelled, "cancelled"), (jobs.Running, "running"),
            (jobs.Queued, "queued"), (jobs.Paused, "paused"), (jobs.Deleted, "deleted"),
        };
        return string.Create(CultureInfo.InvariantCulture, $"{JsonText.NameOf(shown.Status)}, {shown.Progress:P0} of {jobs.Total} jobs: ")
            + string.Join(", ", parts.Where(part => part.Item1 > 0).Select(part => $"{part.Item1} {part.Item2}"))
            + (shown.SecondsLeft is { } left ? $"; {Words.Duration(left)} left" : "")
            + $"; {Words.Duration(shown.Cost.WorkerSeconds)} of workers' time";
    }

    /// <summary>The exit code of an experiment that has ended.</summary>
    internal static int CodeOf(ExperimentView ended) => ended.Status switch
    {
        JobStatus.Succeeded => ExitCode.Done,
        JobStatus.Cancelled => ExitCode.Cancelled,
        _ => ExitCode.Usage,
    };
}

/// <summary>Pauses, resumes, cancels or retries an experiment.</summary>
internal sealed class ChangeExperimentCommand(string name, string description) : ExperimentCommand(name, description)
{
    protected override async Task<int> RunAsync(Guid experiment, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel) => Show(await service.ChangeExperimentAsync(experiment, Name, cancel), terminal);
}

/// <summary>Shows an experiment.</summary>
internal sealed class GetExperimentCommand() : ExperimentCommand("get", "Show an experiment")
{
    protected override async Task<int> RunAsync(Guid experiment, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel) => Show(await service.ExperimentAsync(experiment, cancel), terminal);
}

/// <summary>Adds seeds to an experiment.</summary>
internal sealed class ExtendExperimentCommand : ExperimentCommand
{
    private readonly Option<long[]> _seeds = new("--seeds")
    {
        Description = "New seeds, separated by commas", Required = true,
        CustomParser = result =>
        {
            var seeds = new List<long>();
            foreach (var text in result.Tokens.SelectMany(token => token.Value.Split(',')))
                if (long.TryParse(text, CultureInfo.InvariantCulture, out var seed)) seeds.Add(seed);
                else result.AddError($"--seeds must be whole numbers separated by commas; got '{text}'");
            return [.. seeds];
        },
    };

    public ExtendExperimentCommand() : base("extend", "Add the same jobs with more seeds") => Add(_seeds);

    protected override async Task<int> RunAsync(Guid experiment, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel) => Show(await service.ExtendExperimentAsync(experiment, options.GetValue(_seeds)!, cancel), terminal);
}

/// <summary>Deletes an experiment.</summary>
internal sealed class DeleteExperimentCommand() : ExperimentCommand("delete", "Delete an ended experiment and its jobs")
{
    protected override async Task<int> RunAsync(Guid experiment, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel)
    {
        await service.DeleteExperimentAsync(experiment, cancel);
        terminal.Tell(new { Deleted = experiment });
        terminal.Say("deleted");
        return ExitCode.Done;
    }
}

/// <summary>Writes the results of an experiment.</summary>
internal sealed class TableCommandOfExperiment : ExperimentCommand
{
    private readonly Option<string> _format = new("--format") { Description = "markdown (default), latex, csv or json",
        DefaultValueFactory = _ => "markdown" };

    public TableCommandOfExperiment() : base("table", "Write the results so far, as a table")
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

/// <summary>Lists the presets of experiments.</summary>
internal sealed class ExperimentPresetsCommand() : ServiceCommand("presets", "List the paper's tables and figures")
{
    protected override async Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        var presets = await service.ExperimentPresetsAsync(cancel);
        foreach (var preset in presets) terminal.Tell(preset);
        if (!terminal.Json)
            PlainTable.Write(terminal.Console, ["name", "shows", "rows", "tasks"], presets.Select(preset => (IReadOnlyList<string?>)
                [preset.Name, preset.Title, string.Join(", ", preset.Rows), string.Join(", ", preset.Tasks)]));
        return ExitCode.Done;
    }
}
