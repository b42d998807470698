using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>A command that computes: loads torch, stops in order on Ctrl-C, and turns every failure into a message and an exit
/// code.</summary>
internal abstract class EngineCommand : Command
{
    private readonly Option<bool> _json = new("--json") { Description = "Write JSON lines to standard output, for scripts" };
    private readonly Option<string> _device = new("--device") { Description = "cpu or cuda", DefaultValueFactory = _ => "cpu" };
    private readonly Option<int> _threads = Whole("--threads", "CPU threads", 1024, Environment.ProcessorCount);

    protected EngineCommand(string name, string description) : base(name, description)
    {
        _device.AcceptOnlyFromAmong("cpu", "cuda");
        Validators.Add(OptionRules.RefuseEmpty);
        Add(_json);
        Add(_device);
        Add(_threads);
        SetAction(Invoke);
    }

    /// <summary>Runs the command.</summary>
    protected abstract void Run(ParseResult options, Session session, CancellationToken cancel);

    /// <summary>An option that takes a whole number from 1.</summary>
    protected static Option<int> Whole(string name, string description, int most, int otherwise) =>
        OptionRules.Whole(name, description, most, otherwise);

    private int Invoke(ParseResult options)
    {
        var json = options.GetValue(_json);
        using var stop = new StopSignals();
        try
        {
            Run(options, Session.Open(json, options.GetValue(_device)!, options.GetValue(_threads)), stop.Token);
            return ExitCode.Done;
        }
        catch (Exception failed) // the edge of the program: every failure becomes words and an exit code
        {
            var failure = RunFailure.Of(failed, stop.Token.IsCancellationRequested);
            Failure.Write(json, failure.Code, failure.Faults);
            return ExitCode.Of(failure.Code);
        }
    }
}
