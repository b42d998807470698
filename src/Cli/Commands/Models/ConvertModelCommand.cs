using System.CommandLine;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Converts a model of another format to a model folder as on the hub. Needs no service.</summary>
internal sealed class ConvertModelCommand : EngineCommand
{
    private readonly Argument<string> _file = new("file") { Description = "A model of llama2.c (.bin)" };
    private readonly Option<string> _tokenizer =
        new("--tokenizer") { Description = "Its tokenizer: llama2.c's (.bin), or SentencePiece's (.model)", Required = true };
    private readonly Option<string> _out = new("--out") { Description = "Folder for the model; new or empty", Required = true };

    public ConvertModelCommand()
        : base("convert", "Convert a llama2.c model to a folder with config.json, model.safetensors and a tokenizer")
    {
        Add(_file);
        Add(_tokenizer);
        Add(_out);
    }

    protected override void Run(ParseResult options, Session session, CancellationToken cancel)
    {
        var folder = options.GetValue(_out)!;
        if (File.Exists(folder) || Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new RefusedInputException(folder, "is not empty. Choose a new folder.");
        RunFolder.WriteWhole(Path.TrimEndingDirectorySeparator(folder),
            fresh => Llama2cModel.Convert(options.GetValue(_file)!, options.GetValue(_tokenizer)!, fresh));
        session.Say($"model: {folder}");
        session.Tell(new { Event = "converted", Folder = folder });
    }
}
