using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>A command that uses a trained adapter.</summary>
internal abstract class AdapterCommand : EngineCommand
{
    private readonly Argument<string> _adapter = new("adapter") { Description = "The adapter folder of a run (<run>/adapter)" };
    private readonly Option<string?> _model = new("--model") { Description = "The base model's folder, if it is no longer where the run found it" };

    protected AdapterCommand(string name, string description) : base(name, description)
    {
        Add(_adapter);
        Add(_model);
    }

    /// <summary>The command itself, with the adapter on its model.</summary>
    protected abstract void Run(ParseResult options, TrainedAdapter trained, Session session, CancellationToken cancel);

    protected sealed override void Run(ParseResult options, Session session, CancellationToken cancel)
    {
        using var trained = TrainedAdapter.Open(options.GetValue(_adapter)!, options.GetValue(_model), session.Device);
        Run(options, trained, session, cancel);
    }
}
