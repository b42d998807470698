using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using LoraDrop.Domain;
using LoraDrop.Engine;

namespace LoraDrop.Cli;

/// <summary>Runs LoRA and LoRA-drop with the same settings, over some seeds, and puts them side by side, with Table 3's check.</summary>
internal sealed class CompareCommand : EngineCommand
{
    private readonly Option<string> _out = new("--out") { Description = "Folder; each run gets one of its own in it", Required = true };
    private readonly Option<string> _seeds = new("--seeds") { Description = "Seeds, with commas between", DefaultValueFactory = _ => "42" };
    private readonly SettingOptions _settings;

    public CompareCommand() : base("compare", "Fine-tune with LoRA and with LoRA-drop over some seeds, and compare")
    {
        Add(_out);
        Add(_seeds);
        _settings = new(this);
    }

    protected override void Run(ParseResult options, Session session, CancellationToken cancel)
    {
        var seeds = options.GetValue(_seeds)!.Split(',').Select(text => long.TryParse(text, CultureInfo.InvariantCulture, out var seed) ? seed : throw new RefusedInputException("--seeds", $"'{text}' is no whole number")).ToArray();
        Compare(_settings.Json(options), seeds, options.GetValue(_out)!, request => _settings.Files(options, request), session, cancel);
    }

    /// <summary>Every method with every seed; a run that is finished already is read, not run again.</summary>
    internal static void Compare(JsonObject settings, long[] seeds, string folder, Func<JobRequest, DataFiles> files, Session session, CancellationToken cancel)
    {
        var runs = new List<ComparedRun>();
        foreach (var seed in seeds)
            foreach (var method in Enum.GetValues<TuningMethod>().Reverse())
            {
                var request = Request(settings, method, seed);
                var path = Path.Combine(folder, $"{JsonText.NameOf(method)}-{seed}");
                session.Say($"\n{method switch { TuningMethod.Lora => "LoRA", TuningMethod.LoraDrop => "LoRA-drop" }}, seed {seed}");
                var started = Stopwatch.GetTimestamp();
                var inputs = SettingOptions.Inputs(request, files(request));
                var result = LoraDropRun.FinishedIn(path, request, inputs) ?? TrainCommand.Run(request, inputs, path, session, cancel);
                runs.Add(new(request, path, result, Stopwatch.GetElapsedTime(started)));
            }
        var large = new List<SwitchedOff>();
        foreach (var lora in runs.Where(r => r.Request.Method == TuningMethod.Lora))
        {
            var kept = runs.First(r => r.Request.Method == TuningMethod.LoraDrop && r.Result.Seed == lora.Result.Seed).Result.Kept;
            large.Add(SwitchOff.Of(lora.Request, files(lora.Request), lora.Folder, kept, session.Device, cancel));
        }
        Show(runs, large, session);
    }

    private static JobRequest Request(JsonObject settings, TuningMethod method, long seed)
    {
        var json = settings.DeepClone().AsObject();
        SettingOptions.Put(json, "method", JsonText.NameOf(method));
        SettingOptions.Put(json, "training.seed", seed);
        if (method == TuningMethod.Lora)
        {
            json.Remove("importance");
            json.Remove("sharing");
        }
        return JobRequest.Parse(json.ToJsonString());
    }

    private static void Show(List<ComparedRun> runs, List<SwitchedOff> switchedOff, Session session)
    {
        var primary = runs[0].Result.Scores.Primary;
        var rows = runs.GroupBy(r => r.Request.Method).Select(method => new ComparedMethod(
            method.Key switch { TuningMethod.Lora => "LoRA", TuningMethod.LoraDrop => "LoRA-drop" },
            (long)method.Average(r => r.Result.Parameters.Adapter), Means(method), TimeSpan.FromSeconds(method.Average(r => r.Took.TotalSeconds)))).ToArray();
        var spread = runs.GroupBy(r => r.Request.Method).ToDictionary(m => JsonText.NameOf(m.Key), m => m.Select(r => r.Result.Scores.PrimaryValue).ToArray());
        session.Tell(new { Event = "compared", Primary = primary, Scores = spread, Parameters = rows.ToDictionary(r => r.Method, r => r.AdapterParameters), SwitchedOff = switchedOff });
        if (session.Json) return;
        ComparisonView.Write(session.Console, rows, runs[0].Result.LoraParameters);
        foreach (var (method, values) in spread)
            session.Say($"{method}: {primary} {string.Join(", ", values.Select(v => v.ToString("0.0000")))}; mean {values.Average():0.0000}, standard deviation {Deviation(values):0.0000}");
        SwitchOff.Show(session, switchedOff, primary);
    }

    private static Dictionary<string, double> Means(IEnumerable<ComparedRun> runs) =>
        runs.SelectMany(r => r.Result.Scores.Values).GroupBy(s => s.Key).ToDictionary(s => s.Key, s => s.Average(v => v.Value));

    private static double Deviation(double[] values) => values.Length < 2 ? 0 : Math.Sqrt(values.Sum(v => Math.Pow(v - values.Average(), 2)) / (values.Length - 1));

    private sealed record ComparedRun(JobRequest Request, string Folder, RunResult Result, TimeSpan Took);
}
