using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Trains with several methods over several seeds, and compares the results; with Table 3's check if LoRA and LoRA-drop are
/// among them.</summary>
internal sealed class CompareCommand : EngineCommand
{
    private readonly Option<string> _out = new("--out") { Description = "Folder; each run gets a subfolder", Required = true };
    private readonly Option<string> _seeds = new("--seeds") { Description = "Seeds, separated by commas", DefaultValueFactory = _ => "42" };
    private readonly Option<string> _methods = new("--methods") { Description = $"Methods, separated by commas: {string.Join(", ",
        Methods.Names)}", DefaultValueFactory = _ => $"{Methods.Lora},{Methods.LoraDrop}" };
    private readonly SettingOptions _settings;

    public CompareCommand() : base("compare", "Fine-tune with several methods and seeds, and compare")
    {
        Add(_out);
        Add(_methods);
        Add(_seeds);
        _settings = new(this);
    }

    protected override void Run(ParseResult options, Session session, CancellationToken cancel)
    {
        var seeds = options.GetValue(_seeds)!.Split(',').Select(text => long.TryParse(text, CultureInfo.InvariantCulture, out var seed)
            ? seed
            : throw new RefusedInputException("--seeds", $"'{text}' is not a whole number")).ToArray();
        var methods = options.GetValue(_methods)!.Split(',').Select(name => Methods.Find(name.Trim())
            ?? throw new RefusedInputException("--methods", $"'{name}' is no method; there are {string.Join(", ", Methods.Names)}"))
            .Distinct().ToArray();
        Compare(_settings.Json(options), methods, seeds, options.GetValue(_out)!, request => _settings.Files(options, request), session,
            cancel);
    }

    /// <summary>Trains every method with every seed; a finished run is read instead.</summary>
    private static void Compare(JsonObject settings, Method[] methods, long[] seeds, string folder, Func<JobRequest, DataFiles> files,
        Session session, CancellationToken cancel)
    {
        var runs = new List<ComparedRun>();
        var times = new TrainingTimes(folder);
        using var kept = new KeptInputs();
        foreach (var seed in seeds)
            foreach (var method in methods)
            {
                var request = Request(settings, method, seed);
                var name = $"{method}-{seed}";
                var path = Path.Combine(folder, name);
                session.Say($"\n{method.Title}, seed {seed}");
                var inputs = SettingOptions.Inputs(request, files(request));
                var result = LoraDropRun.FinishedIn(path, request, inputs)
                    // only the first run reads its inputs, so that they are not part of its time
                    ?? TrainCommand.Run(request, inputs, path, session, cancel, kept, run => times.Measure(name, run));
                runs.Add(new(request, path, result, times.Of(name)));
            }
        Comparison.Show(runs, lora => files(lora.Request), session, cancel);
    }

    internal static JobRequest Request(JsonObject settings, Method method, long seed)
    {
        var json = settings.DeepClone().AsObject();
        SettingOptions.Put(json, "method", method.Name);
        SettingOptions.Put(json, "training.seed", seed);
        foreach (var section in method.OtherSections) json.Remove(section);
        if (method.Placing != Placing.ByImportance)
        {
            json.Remove("importance");
            json.Remove("sharing");
        }
        return JobRequest.Parse(json.ToJsonString());
    }
}
