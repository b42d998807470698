using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>A command that uses a trained adapter.</summary>
internal abstract class AdapterCommand : EngineCommand
{
    private readonly Argument<string> _adapter = new("adapter") { Description = "The adapter folder of a run (<run>/adapter)" };
    private readonly Option<string?> _model = new("--model") { Description = "Folder of the base model, if it has moved since the run" };

    protected AdapterCommand(string name, string description) : base(name, description)
    {
        Add(_adapter);
        Add(_model);
    }

    /// <summary>Runs the command with the adapter on its model.</summary>
    protected abstract void Run(ParseResult options, TrainedAdapter trained, Session session, CancellationToken cancel);

    protected sealed override void Run(ParseResult options, Session session, CancellationToken cancel)
    {
        using var trained = TrainedAdapter.Open(options.GetValue(_adapter)!, options.GetValue(_model), session.Device);
        Run(options, trained, session, cancel);
    }
}
