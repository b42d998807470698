using System.CommandLine;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Follows an experiment, for several commands.</summary>
internal sealed class ExperimentWatch
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(2);

    private readonly Option<int> _patience = OptionRules.Whole("--patience", "Seconds to wait for a service that stopped answering", 86_400,
        60, least: 0);

    public ExperimentWatch(Command command) => command.Add(_patience);

    /// <summary>Shows progress as it changes, and the table at the end; returns the exit code.</summary>
    public async Task<int> RunAsync(Guid id, ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        var patience = TimeSpan.FromSeconds(options.GetValue(_patience));
        var (said, answered) = ("", TimeProvider.System.GetTimestamp());
        try
        {
            while (true)
            {
                try
                {
                    var now = await service.ExperimentAsync(id, cancel);
                    answered = TimeProvider.System.GetTimestamp();
                    var state = $"{now.Value.Status} {now.Value.Jobs}";
                    if (state != said)
                    {
                        terminal.TellJson(now.Json);
                        terminal.Say(ExperimentCommand.LineOf(now.Value));
                    }
                    said = state;
                    if (now.Value.FinishedAt is not null || JobMoves.IsEnd(now.Value.Status))
                    {
                        if (!terminal.Json) await Console.Out.WriteLineAsync($"\n{await service.ResultsAsync(id, "markdown", cancel)}");
                        return ExperimentCommand.CodeOf(now.Value);
                    }
                }
                catch (ServiceUnreachableException) when (TimeProvider.System.GetElapsedTime(answered) < patience)
                {
                    // it restarts, perhaps
                }
                await Task.Delay(Between, cancel);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            Failure.Write(terminal.Json, RunFailure.Stopped,
                [new("stopped", $"stopped watching; the experiment continues. To watch it again: loradrop experiments watch {id}")]);
            return ExitCode.Stopped;
        }
    }
}
