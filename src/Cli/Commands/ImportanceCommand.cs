using System.CommandLine;
using System.Globalization;
using LoraDrop.Domain;
using Spectre.Console;

namespace LoraDrop.Cli;

/// <summary>Stage 1 alone; or for several sample ratios, how much the order of layers depends on them (figures 5 and 12 of the
/// paper).</summary>
internal sealed class ImportanceCommand : EngineCommand
{
    private readonly Option<string> _out = new("--out") { Description = "Folder for importance.json and importance.svg", Required = true };
    private readonly Option<string?> _ratios =
        new("--ratios") { Description = "Sample ratios to compare, separated by commas; the others are compared with the last. Set "
            + "--importance-steps, so that all train equally long" };
    private readonly SettingOptions _settings;

    public ImportanceCommand() : base("importance", "Measure which layers' LoRAs matter, without fine-tuning")
    {
        Add(_out);
        Add(_ratios);
        _settings = new(this);
    }

    protected override void Run(ParseResult options, Session session, CancellationToken cancel)
    {
        var json = _settings.Json(options);
        var folder = options.GetValue(_out)!;
        if (options.GetValue(_ratios) is not { } list)
        {
            Measure(JobRequest.Parse(json.ToJsonString()), folder, options, session, cancel);
            return;
        }
        var reports = new List<(double Ratio, ImportanceReport Report)>();
        foreach (var ratio in Ratios(list))
        {
            SettingOptions.Put(json, "importance.sampleRatio", ratio);
            reports.Add((ratio, Measure(JobRequest.Parse(json.ToJsonString()),
                Path.Combine(folder, $"ratio-{ratio.ToString(CultureInfo.InvariantCulture)}"), options, session, cancel)));
        }
        Compare(reports, session);
    }

    private ImportanceReport Measure(JobRequest request, string folder, ParseResult options, Session session, CancellationToken cancel)
    {
        if (request.Sharing is null)
            throw new RefusedInputException("sharing", "is required to measure importance with this method; or use the method lora-drop");
        using var view = session.View();
        using var run = new LoraDropRun(request, _settings.Inputs(options, request), folder, session.Device, view.Report);
        return run.Importance(cancel);
    }

    private static double[] Ratios(string list) => [.. list.Split(',').Select(text =>
        double.TryParse(text, CultureInfo.InvariantCulture, out var ratio) && ratio is > 0 and <= 1 ? ratio
        : throw new RefusedInputException("--ratios", $"'{text}' must be in (0, 1]"))];

    /// <summary>Spearman's correlation of I with I at the last ratio, per module type.</summary>
    private static void Compare(List<(double Ratio, ImportanceReport Report)> reports, Session session)
    {
        var table = new Table().AddColumns(["α", "examples",
            .. reports[0].Report.Sites.Select(s => s.Type).Distinct().Select(t => $"Spearman, {t}")]);
        foreach (var (ratio, report) in reports)
        {
            var correlations = report.Sites.GroupBy(s => s.Type).ToDictionary(type => type.Key, type => RegressionMetrics.Spearman(
                [.. reports[^1].Report.Sites.Where(s => s.Type == type.Key).Select(s => s.I)], [.. type.Select(s => s.I)]));
            table.AddRow([$"{ratio:0.###}", $"{report.Examples:N0}", .. correlations.Values.Select(c => $"{c:0.000}")]);
            session.Tell(new { Event = "ratio", Ratio = ratio, report.Examples, Spearman = correlations });
        }
        if (!session.Json) session.Console.Write(table);
    }
}
