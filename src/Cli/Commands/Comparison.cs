using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>A run in a comparison.</summary>
/// <param name="Request">Its settings; the model is a folder here.</param>
/// <param name="Folder">Its outputs.</param>
/// <param name="Result">Its result.</param>
/// <param name="Took">Training time; null if unknown.</param>
internal sealed record ComparedRun(JobRequest Request, string Folder, RunResult Result, TimeSpan? Took);

/// <summary>Methods side by side: parameters, scores with their spread, seconds, and Table 3's check.</summary>
internal static class Comparison
{
    /// <summary>Compares the runs, and makes Table 3's check on the adapters of LoRA where there is a LoRA-drop of the same seed.</summary>
    /// <param name="runs">Each method with each seed.</param>
    /// <param name="data">The data of a run of LoRA.</param>
    /// <param name="session">Output and device.</param>
    /// <param name="cancel">Cancels it.</param>
    /// <returns>Table 3's check.</returns>
    public static IReadOnlyList<SwitchedOff> Show(IReadOnlyList<ComparedRun> runs, Func<ComparedRun, DataFiles> data, Session session,
        CancellationToken cancel)
    {
        var switchedOff = new List<SwitchedOff>();
        foreach (var lora in runs.Where(r => r.Request.Method == Methods.Lora))
            if (runs.FirstOrDefault(r => r.Request.Method == Methods.LoraDrop && r.Result.Seed == lora.Result.Seed) is { } dropped)
                switchedOff.Add(SwitchOffCheck.Of(lora.Request, data(lora), lora.Folder, dropped.Result.Kept, session.Device, cancel));
        var primary = runs[0].Result.Scores.Primary;
        var rows = runs.GroupBy(r => r.Request.Method).Select(method => new ComparedMethod(
            method.Key.Title,
            (long)method.Average(r => r.Result.Parameters.Adapter), Means(method), method.Average(r => r.Took?.TotalSeconds) is { } seconds
            ? TimeSpan.FromSeconds(seconds)
            : null)).ToArray();
        var spread = runs.GroupBy(r => r.Request.Method)
            .ToDictionary(m => m.Key.Name, m => m.Select(r => r.Result.Scores.PrimaryValue).ToArray());
        session.Tell(new { Event = "compared", Primary = primary, Scores = spread,
            Parameters = rows.ToDictionary(r => r.Method, r => r.AdapterParameters), SwitchedOff = switchedOff });
        if (session.Json) return switchedOff;
        ComparisonView.Write(session.Console, rows,
            runs.FirstOrDefault(run => run.Request.Tuning is LoraSettings)?.Result.LoraParameters);
        foreach (var (method, values) in spread)
            session.Say($"{method}: {primary} {string.Join(", ", values.Select(v => v.ToString("0.0000")))}; mean "
                + $"{values.Average():0.0000}, standard deviation {Deviation(values):0.0000}");
        if (switchedOff.Count > 0) SwitchOffCheck.Show(session, switchedOff, primary);
        return switchedOff;
    }

    private static Dictionary<string, double> Means(IEnumerable<ComparedRun> runs) =>
        runs.SelectMany(r => r.Result.Scores.Values).GroupBy(s => s.Key).ToDictionary(s => s.Key, s => s.Average(v => v.Value));

    private static double Deviation(double[] values) =>
        values.Length < 2 ? 0 : Math.Sqrt(values.Sum(v => Math.Pow(v - values.Average(), 2)) / (values.Length - 1));
}
