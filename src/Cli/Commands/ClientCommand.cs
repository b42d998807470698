using System.CommandLine;
using System.Runtime.InteropServices;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>A command that calls a service: stops in order on Ctrl-C, and turns every failure into a message and an exit code.</summary>
internal abstract class ClientCommand : Command
{
    private readonly Option<bool> _json = new("--json") { Description = "Write JSON lines to standard output, for scripts" };
    private readonly PosixSignal[] _signals;

    /// <param name="name">Name on the command line.</param>
    /// <param name="description">Help text.</param>
    /// <param name="signals">Other signals that stop it.</param>
    protected ClientCommand(string name, string description, params PosixSignal[] signals) : base(name, description)
    {
        _signals = signals;
        Validators.Add(OptionRules.RefuseEmpty);
        Add(_json);
        SetAction((options, _) => InvokeAsync(options));
    }

    /// <summary>Message after a stop.</summary>
    protected virtual string WhenStopped => "the service continues with the request";

    /// <summary>Runs the command; returns the exit code.</summary>
    protected abstract Task<int> RunAsync(ParseResult options, Terminal terminal, CancellationToken cancel);

    private async Task<int> InvokeAsync(ParseResult options)
    {
        var terminal = new Terminal(options.GetValue(_json));
        using var stop = new StopSignals(_signals);
        try
        {
            return await RunAsync(options, terminal, stop.Token);
        }
        catch (ServiceProblemException problem)
        {
            Failure.Write(terminal.Json, problem.Code, problem.Faults);
            return ExitCode.Of(problem);
        }
        catch (Exception failed) // the edge of the program: every failure becomes words and an exit code
        {
            var failure = FailureOf(failed, stop.Token.IsCancellationRequested);
            Failure.Write(terminal.Json, failure.Code, failure.Faults);
            return ExitCode.Of(failure.Code);
        }
    }

    private RunFailure FailureOf(Exception failed, bool stopping) => failed switch
    {
        ServiceUnreachableException gone => new(ServiceUnreachableException.Code, [new("service", gone.Message)]),
        OperationCanceledException when stopping => new(RunFailure.Stopped, [new("stopped", WhenStopped)]),
        IOException or UnauthorizedAccessException => new(FailureCode.Storage, [new("output", failed.Message)]),
        _ => RunFailure.Of(failed, stopping),
    };
}
