using System.CommandLine;
using LoraDrop.Domain;
using LoraDrop.Engine;

namespace LoraDrop.Cli;

/// <summary>Adds an adapter into its base model.</summary>
internal sealed class MergeCommand : EngineCommand
{
    private readonly Argument<string> _adapter = new("adapter") { Description = "The adapter folder of a run (<run>/adapter)" };
    private readonly Option<string> _out = new("--out") { Description = "Folder for the merged model; new or empty", Required = true };
    private readonly Option<string?> _model = new("--model") { Description = "The base model's folder, if it is no longer where the run found it" };

    public MergeCommand() : base("merge", "Write the base model with the adapter added into its weights")
    {
        Add(_adapter);
        Add(_out);
        Add(_model);
    }

    protected override void Run(ParseResult options, Session session, CancellationToken cancel)
    {
        var folder = options.GetValue(_out)!;
        if (File.Exists(folder) || Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()) throw new RefusedInputException(folder, "is not empty. Choose a new folder.");
        using var trained = TrainedAdapter.Open(options.GetValue(_adapter)!, options.GetValue(_model), session.Device);
        RunFolder.WriteWhole(Path.TrimEndingDirectorySeparator(folder), fresh => MergedModel.Write(trained.BaseModel, trained.Model, trained.Adapter, fresh, trained.Task.Labels));
        session.Say($"merged model: {folder}");
    }
}
