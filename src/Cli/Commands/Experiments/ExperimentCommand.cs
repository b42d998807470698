using System.CommandLine;
using System.Globalization;
using LoraDrop.Api;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>A command about one experiment.</summary>
internal abstract class ExperimentCommand : ServiceCommand
{
    private readonly Argument<Guid> _id = OptionRules.Id("id", "Experiment id, as shown by run and list",
        "is not an experiment id; loradrop experiments list shows the ids");

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
