using LoraDrop.Domain;

namespace LoraDrop.Figures.Tests;

/// <summary>Input of every figure, of any size and with names as long as people give them.</summary>
internal static class Sample
{
    public static readonly string[] Glue = ["MNLI", "SST-2", "MRPC", "CoLA", "QNLI", "QQP", "RTE", "STS-B"];

    public static ImportanceReport Report(int layers, string[] types, double threshold = 0.9, Remainder remainder = Remainder.Share)
    {
        var random = SplitMix64.For(1, "figures");
        var norms = types.SelectMany((_, _) => Enumerable.Range(0, layers), (type, layer) => new Site(type, layer))
            .Select(site => new OutputNorms(site, [.. Enumerable.Range(0, 249).Select(_ => Norm(site.Layer))], 7981)).ToList();
        return ImportanceReport.From(norms, Importance.Of(norms.ToDictionary(n => n.Site, n => n.G), ImportanceScope.PerType),
            ImportanceScope.PerType, new() { Threshold = threshold, Remainder = remainder });

        double Norm(int layer) => Math.Exp(4.0 * layer / layers + 2 * Math.Sin(layer * 2.3))
            * (0.4 + random.NextUnit() + random.NextUnit() * random.NextUnit());
    }

    public static ImportancePanel[] Importances(int layers, params string[] types) => [.. Report(layers, types).Sites
        .GroupBy(site => site.Type).Select(type => new ImportancePanel(type.Key,
            [.. type.Select(site => new LayerImportance(site.Layer, site.I, site.Place))]))];

    public static LayerNorms[] Norms(int layers, bool after = false)
    {
        var sites = Report(layers, ["query"]).Sites;
        return [.. sites.Select(site => new LayerNorms(site.Layer, site.Norms,
            after ? sites[(site.Layer + 1) % layers].Norms : null, site.Place))];
    }

    public static HeatmapPanel[] Heatmaps(int layers, string[] columns, params string[] types) => [.. types.Select((type, t) =>
        new HeatmapPanel(type, [.. columns.Select((name, c) => new HeatmapColumn(name, [.. Enumerable.Range(0, layers)
            .Select(layer => Math.Exp(3.0 * layer / layers + Math.Sin(layer * 2.3 + c * 0.6 + t)))]))]))];

    public static MethodScore[] Methods() =>
    [
        new("full fine-tuning", 124_647_170, 86.4, 0.3), new("LoRA r = 8", 294_912, 86.1, 0.4),
            new("LoRA-drop T = 0.9, r = 8", 149_520, 86.2, 0.35),
        new("LoRA-drop T = 0.95", 184_320, 86.15, 0.25), new("AdaLoRA", 294_936, 85.8, 0.5), new("VeRA", 36_864, 84.9, 0.6),
            new("BitFit", 101_380, 84.7, 0.5),
        new("Sparse Adapter", 300_000, 85.4), new("LoRA-FA", 147_456, 85.6, 0.3), new("random k layers", 149_520, 85.6, 0.7),
        new("an adapter of a very long name, trained with a learning rate of 4e-4", 152_000, 85.5, 0.2),
            new("Tied-LoRA", 24_576, 83.9, 0.4),
    ];

    public static (ThresholdCurve[] Scores, KeptCurve[] Kept) Thresholds() => (
        [.. new[] { ("RTE", 79.4), ("CoLA", 63.2), ("QNLI", 92.8), ("QQP", 91.0) }.Select((task, t) =>
            new ThresholdCurve(task.Item1, [.. new[] { (1, 0.0), (0.95, 0.2), (0.9, 0.1), (0.8, -0.4), (0.7, -1.5) }
                .Select(point => new ThresholdScore(point.Item1, task.Item2 + point.Item2, 0.3 + 0.2 * t))]))],
        [new("query", [new(1, 12), new(0.95, 6), new(0.9, 5), new(0.8, 5), new(0.7, 4)]),
            new("value", [new(1, 12), new(0.95, 9), new(0.9, 7), new(0.8, 5), new(0.7, 4)])]);

    public static TaskScore[] Scores(string[] tasks, string[] variants) => [.. tasks.SelectMany((_, t) => variants.Select((variant, v) =>
        new TaskScore(tasks[t], variant, 90 - 7 * Math.Abs(Math.Sin(t * 1.7)) - 8 * v * Math.Abs(Math.Cos(t + v)), 0.3
            + 0.5 * Math.Abs(Math.Sin(t + v)))))];

    public static CurvePanel[] Curves(int runs, int points)
    {
        var random = SplitMix64.For(2, "figures");
        return [.. new[] { ("training loss", false), ("validation accuracy, %", false), ("learning rate", true) }.Select(panel =>
            new CurvePanel(panel.Item1, [.. Enumerable.Range(0, runs)
                .Select(run => new RunCurve(run == 1 ? "lora-drop T = 0.9, seed 42, job 5c2e8f" : $"lora r = {run + 4}",
                [.. Enumerable.Range(0, points).Select(i => new CurvePoint(i * 50, Value(panel.Item1, run, i / (double)points)))]))],
                    panel.Item2))];

        double Value(string quantity, int run, double x) => quantity switch
        {
            "training loss" => 0.7 * Math.Exp(-(2 + run * 0.3) * x) + 0.05 * random.NextUnit(),
            "learning rate" => 5e-4 * (1 - 0.98 * x) / (run + 1),
            _ => 92 - 40 * Math.Exp(-(4 + run) * x) + random.NextUnit(),
        };
    }

    /// <summary>All figures at a usual size.</summary>
    public static IEnumerable<(string Name, Func<FigureStyle, Figure> Draw)> All()
    {
        string[] variants = ["LoRA-drop", "without sharing", "inverse", "random k layers", "top k layers"];
        string[] ratios = [.. Enumerable.Range(1, 10).Select(i => $"{10 * i} %")];
        yield return ("report", style => ImportanceReportFigure.Draw(Report(12, ["query", "value"]), style));
        yield return ("importance", style => ImportanceFigure.Draw(Importances(24, "q_proj", "v_proj"), 0.9, style));
        yield return ("histograms", style => HistogramFigure.Draw("query", Norms(12), style));
        yield return ("sharing", style => HistogramFigure.Draw("value", Norms(12, after: true), style));
        yield return ("tasks", style => HeatmapFigure.Draw(Heatmaps(12, Glue, "query", "value"), "task", style));
        yield return ("ratios", style => HeatmapFigure.Draw(Heatmaps(24, ratios, "query", "value"), "sample ratio α", style));
        yield return ("parameters", style => ParametersFigure.Draw(Methods(), "GLUE average, %", style));
        yield return ("thresholds", style => ThresholdFigure.Draw(Thresholds().Scores, Thresholds().Kept, "score, %", style));
        yield return ("variants", style => GroupedScoresFigure.Draw(Scores(Glue, variants), "score, %", style: style));
        yield return ("curves", style => CurvesFigure.Draw(Curves(4, 200), style));
    }
}
