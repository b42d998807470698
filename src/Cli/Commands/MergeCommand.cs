using System.CommandLine;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Merges an adapter into its base model.</summary>
internal sealed class MergeCommand : AdapterCommand
{
    private readonly Option<string> _out = new("--out") { Description = "Folder for the merged model; new or empty", Required = true };

    public MergeCommand() : base("merge", "Merge an adapter into its base model")
    {
        Add(_out);
    }

    protected override void Run(ParseResult options, TrainedAdapter trained, Session session, CancellationToken cancel)
    {
        var folder = options.GetValue(_out)!;
        if (File.Exists(folder) || Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new RefusedInputException(folder, "is not empty. Choose a new folder.");
        RunFolder.WriteWhole(Path.TrimEndingDirectorySeparator(folder), fresh => MergedModel.Write(trained.BaseModel, trained.Model,
            trained.Adapter, fresh, trained.Task.Labels, trained.Model is LanguageModel ? trained.Prompts.EndIds : null));
        session.Say($"merged model: {folder}");
    }
}
