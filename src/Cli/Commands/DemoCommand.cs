using System.CommandLine;
using System.Text.Json.Nodes;
using LoraDrop.Domain;
using LoraDrop.Engine;

namespace LoraDrop.Cli;

/// <summary>LoRA and LoRA-drop on the sample that comes with the repository.</summary>
internal sealed class DemoCommand : EngineCommand
{
    private const string Task = "acceptable";

    private readonly Option<string> _out = new("--out") { Description = "Folder for the runs", DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), $"loradrop-demo-{Environment.ProcessId}") };
    private readonly Option<string> _sample = new("--sample") { Description = "The sample's folder", DefaultValueFactory = _ => Shipped() };

    public DemoCommand() : base("demo", "Fine-tune the shipped model on a shipped task with LoRA and with LoRA-drop, and compare")
    {
        Add(_out);
        Add(_sample);
    }

    protected override void Run(ParseResult options, Session session, CancellationToken cancel)
    {
        var sample = options.GetValue(_sample)!;
        if (!Directory.Exists(sample)) throw new RefusedInputException("--sample", $"there is no folder {sample}; name the repository's samples/english");
        session.Say($"The runs go to {options.GetValue(_out)}.");
        var settings = JsonNode.Parse(File.ReadAllText(Path.Combine(sample, "..", "requests", $"{Task}.json")))!.AsObject();
        settings["model"] = Path.Combine(sample, "model");
        settings["dataset"] = Path.Combine(sample, "data", Task);
        CompareCommand.Compare(settings, [42], options.GetValue(_out)!, request => DataFiles.At(request.Dataset), session, cancel);
        session.Say($"\nEverything is in {options.GetValue(_out)}: importance.svg, adapter/ for PEFT, events/ for TensorBoard.");
    }

    /// <summary>The sample of the repository that the program was built in.</summary>
    private static string Shipped()
    {
        var relative = Path.Combine("samples", "english");
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Directory.Exists(Path.Combine(folder.FullName, relative))) return Path.Combine(folder.FullName, relative);
        return relative;
    }
}
