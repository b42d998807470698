using LoraDrop.Domain;

namespace LoraDrop.Figures.Tests;

public sealed class GalleryFacts
{
    /// <summary>LORADROP_FIGURES=folder … -class '*GalleryFacts' -explicit only</summary>
    [Fact(Explicit = true)]
    public void Writes_all_figures_to_be_looked_at()
    {
        var folder = Environment.GetEnvironmentVariable("LORADROP_FIGURES") ?? Path.Combine(Path.GetTempPath(), "figures");
        Directory.CreateDirectory(folder);
        foreach (var (name, draw) in Sample.All())
            foreach (var dark in (bool[])[false, true])
                Write(dark ? $"{name}-dark" : name, draw(new(Dark: dark, PngScale: 1)));
        string[] seven = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
        string[] lengthy = ["a task of a rather long name", "natural language inference", "sentiment", "数据集 三", "e", "f", "g",
            "paraphrases of questions"];
        Write("report-7x32", ImportanceReportFigure.Draw(Sample.Report(32, seven[..2], 0.8, Remainder.None), new(PngScale: 1)));
        Write("report-80", ImportanceReportFigure.Draw(Sample.Report(80, ["attention.self.query"]), new(PngScale: 1)));
        Write("report-1", ImportanceReportFigure.Draw(Sample.Report(1, ["query"]), new(PngScale: 1)));
        Write("sharing-24", HistogramFigure.Draw("query", Sample.Norms(24, after: true), new(PngScale: 1)));
        Write("histograms-3", HistogramFigure.Draw("query", Sample.Norms(3), new(PngScale: 1)));
        Write("heatmap-long", HeatmapFigure.Draw(Sample.Heatmaps(24, lengthy, "query", "value", "dense"), "task", new(PngScale: 1)));
        Write("heatmap-80", HeatmapFigure.Draw(Sample.Heatmaps(80, [.. Enumerable.Range(1, 20).Select(i => $"{5 * i} %")], "query"),
            "sample ratio α", new(PngScale: 1)));
        Write("heatmap-1", HeatmapFigure.Draw(Sample.Heatmaps(1, ["RTE"], "query"), "task", new(PngScale: 1)));
        Write("variants-long", GroupedScoresFigure.Draw(Sample.Scores(lengthy, ["all", "large I only", "small I only"]), "score, %", 50,
            new(PngScale: 1)));
        Write("variants-many", GroupedScoresFigure.Draw(Sample.Scores([.. Enumerable.Range(1, 40).Select(i => $"task {i}")],
            ["a", "b", "c", "d"]), "score, %", style: new(PngScale: 1)));
        Write("parameters-one", ParametersFigure.Draw([new("LoRA", 294_912, 86.1, 0.4)], "accuracy, %", new(PngScale: 1)));
        Write("parameters-near", ParametersFigure.Draw([.. Enumerable.Range(0, 24)
            .Select(i => new MethodScore($"setting number {i}", 2e5 + 1e3 * i, 85 + i % 5 * 0.1, 0.1))], "accuracy, %", new(PngScale: 1)));
        Write("curves-12", CurvesFigure.Draw(Sample.Curves(12, 20), new(PngScale: 1)));
        Write("curves-one", CurvesFigure.Draw(Sample.Curves(2, 3000)[..1], new(PngScale: 1)));

        void Write(string name, Figure figure)
        {
            File.WriteAllBytes(Path.Combine(folder, $"{name}.png"), figure.Png);
            File.WriteAllText(Path.Combine(folder, $"{name}.svg"), figure.Svg);
            File.WriteAllText(Path.Combine(folder, $"{name}.txt"), $"{figure.AltText}\n{figure.Csv}");
        }
    }
}
