using System.CommandLine;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using LoraDrop.Domain;
using LoraDrop.Engine;
using Spectre.Console;
using static TorchSharp.torch;

namespace LoraDrop.Cli;

/// <summary>A command that computes: loads torch, turns Ctrl-C into an orderly stop, and every failure into a message and an exit code.</summary>
internal abstract class EngineCommand : Command
{
    private readonly Option<bool> _json = new("--json") { Description = "Write one JSON object a line to standard output, for scripts" };
    private readonly Option<string> _device = new("--device") { Description = "cpu or cuda", DefaultValueFactory = _ => "cpu" };
    private readonly Option<int> _threads = Whole("--threads", "CPU threads", 1024, Environment.ProcessorCount);

    protected EngineCommand(string name, string description) : base(name, description)
    {
        _device.AcceptOnlyFromAmong("cpu", "cuda");
        Validators.Add(RefuseEmpty);
        Add(_json);
        Add(_device);
        Add(_threads);
        SetAction(Invoke);
    }

    /// <summary>The command itself.</summary>
    protected abstract void Run(ParseResult options, Session session, CancellationToken cancel);

    /// <summary>An option that takes a whole number from 1.</summary>
    protected static Option<int> Whole(string name, string description, int most, int otherwise)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => otherwise };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var written] && int.TryParse(written.Value, out var n) && (n < 1 || n > most)) result.AddError($"{name} must lie in 1 to {most}"); // what is no number, the parser refuses
        });
        return option;
    }

    /// <summary>An empty text names no file and sets nothing; mostly it is a shell variable that was never set.</summary>
    private static void RefuseEmpty(CommandResult command)
    {
        foreach (var given in command.Children)
            if (given.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value))) command.AddError($"{(given as OptionResult)?.Option.Name ?? (given as ArgumentResult)?.Argument.Name} must not be empty");
    }

    private int Invoke(ParseResult options)
    {
        var json = options.GetValue(_json);
        using var stop = new CancellationTokenSource();
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = !stop.IsCancellationRequested; // the second Ctrl-C ends the process at once
            stop.Cancel();
        }
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            TorchNative.EnsureLoaded();
            set_num_threads(options.GetValue(_threads));
            Run(options, new Session(json, DeviceOf(options.GetValue(_device)!)), stop.Token);
            return ExitCode.Done;
        }
        catch (Exception failed) // the edge of the program: every failure becomes words and an exit code
        {
            var failure = RunFailure.Of(failed, stop.IsCancellationRequested);
            Failure.Write(json, failure.Code, failure.Faults);
            return ExitCode.Of(failure.Code);
        }
    }

    private static Device DeviceOf(string name)
    {
        if (name == "cuda" && !cuda.is_available()) throw new RefusedInputException("--device", "cuda is not available: this build carries a CPU libtorch, or the machine has no CUDA driver");
        return new Device(name);
    }
}

/// <summary>How a command talks, and where it computes.</summary>
internal sealed record Session(bool Json, Device Device)
{
    public IAnsiConsole Console { get; } = AnsiConsole.Console;

    /// <summary>A line for people; nothing with --json.</summary>
    public void Say(string line)
    {
        if (!Json) System.Console.Out.WriteLine(line); // never folded, unlike what Spectre writes
    }

    /// <summary>A line for scripts; nothing without --json.</summary>
    public void Tell<T>(T value)
    {
        if (Json) System.Console.Out.WriteLine(JsonLinesView.Line(value));
    }

    /// <summary>The view of a run: JSON lines, or progress for people.</summary>
    public IRunView View() => Json ? new JsonLinesView(System.Console.Out) : new ProgressView(Console, TimeProvider.System);
}
