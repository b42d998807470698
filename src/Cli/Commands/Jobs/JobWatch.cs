using System.CommandLine;
using LoraDrop.Api;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Follows a job to its end, for several commands.</summary>
internal sealed class JobWatch
{
    private readonly Option<int> _patience = OptionRules.Whole("--patience", "Seconds to wait for a service that stopped answering", 86_400,
        60, least: 0);

    public JobWatch(Command command) => command.Add(_patience);

    /// <summary>Shows the job's progress and results; returns the exit code.</summary>
    public Task<int> RunAsync(Guid job, ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel) =>
        RunAsync(job, TimeSpan.FromSeconds(options.GetValue(_patience)), terminal, service, cancel);

    private static async Task<int> RunAsync(Guid job, TimeSpan patience, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        try
        {
            await FollowAsync(job, patience, "Ctrl-C leaves the job to the service", terminal, service, cancel);
            var ended = await service.JobAsync(job, cancel);
            terminal.TellJson($"{{\"event\":\"job\",\"data\":{ended.Json}}}");
            var code = Sum(ended.Value, terminal);
            if (code == ExitCode.Done) terminal.Say($"download its files: loradrop jobs download {job} --out <folder>");
            return code;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            Failure.Write(terminal.Json, Engine.Runs.RunFailure.Stopped,
                [new("stopped", $"stopped watching; the job continues. To watch it again: loradrop jobs watch {job}")]);
            return ExitCode.Stopped;
        }
    }

    /// <summary>Shows the job's progress.</summary>
    /// <param name="job">Its id.</param>
    /// <param name="patience">How long the service may be unreachable.</param>
    /// <param name="hint">Text shown while the job waits.</param>
    /// <param name="terminal">The output.</param>
    /// <param name="service">The service.</param>
    /// <param name="cancel">Stops watching; the job continues.</param>
    public static async Task FollowAsync(Guid job, TimeSpan patience, string hint, Terminal terminal, ServiceClient service,
        CancellationToken cancel)
    {
        using IJobView view = terminal.Json
            ? new JobJsonView(Console.Out)
            : new JobProgressView(terminal.Console, TimeProvider.System, hint);
        await new JobFollower(service, patience, TimeProvider.System).FollowAsync(job, view.Report, cancel);
    }

    /// <summary>Shows the result of an ended job; returns the exit code.</summary>
    public static int Sum(JobView job, Terminal terminal)
    {
        if (job.Status == JobStatus.Cancelled)
            terminal.Say($"cancelled; to continue from the last checkpoint: loradrop jobs retry {job.Id}");
        if (job.Status == JobStatus.Cancelled) return ExitCode.Cancelled;
        if (job.Error is { } error)
        {
            Failure.Write(terminal.Json, error.Code, error.Faults ?? [new("job", error.Message)]);
            return ExitCode.Of(error.Code);
        }
        if (job.Result is { } result && !terminal.Json)
            SummaryLines.Write(terminal.Console, result.Scores, result.Test, result.Parameters, result.LoraParameters, result.BestStep,
            result.Generated is { } answers ? (answers.Split, answers.Prompts, answers.Scores) : null);
        return ExitCode.Done;
    }
}
