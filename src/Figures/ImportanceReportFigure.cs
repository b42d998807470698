using LoraDrop.Domain;
using LoraDrop.Figures.Drawing;

namespace LoraDrop.Figures;

/// <summary>All of an importance report: for each module type its importance by layer and the histograms behind it. It is a run's
/// importance.svg.</summary>
public static class ImportanceReportFigure
{
    /// <summary>Draws it.</summary>
    /// <param name="report">The report.</param>
    /// <param name="style">How it looks.</param>
    /// <exception cref="ArgumentException">The report has no sites.</exception>
    public static Figure Draw(ImportanceReport report, FigureStyle? style = null)
    {
        ArgumentNullException.ThrowIfNull(report);
        var types = report.Sites.GroupBy(site => site.Type).ToList();
        ImportancePanel[] panels = [.. types.Select(type => new ImportancePanel(type.Key,
            [.. type.Select(site => new LayerImportance(site.Layer, site.I, site.Place, site.Rank))]))];
        var threshold = report.IsByRank ? null : report.Threshold;
        ImportanceFigure.Check(panels, threshold);
        var scope = report.Scope == ImportanceScope.PerType ? "over the layers of a module type" : "over whole layers";
        var page = new Page(style ?? FigureStyle.Default, "Importance of each layer's LoRA",
            $"g = Σ‖ΔWx‖² over {report.Examples:N0} examples ({report.Tokens:N0} tokens); I = g / Σg {scope}");
        ImportanceFigure.Legend(page, panels, threshold);
        var (input, csv, norms) = (new Input(), new CsvTable(ImportanceFigure.Header), new CsvTable(HistogramFigure.Header));
        foreach (var (panel, type) in panels.Zip(types))
        {
            ImportanceFigure.Row(page, panel, threshold, input, csv);
            LayerNorms[] layers = [.. type.Select(site => new LayerNorms(site.Layer, site.Norms, Place: site.Place))];
            HistogramFigure.Check(type.Key, layers);
            HistogramFigure.Panels(page, type.Key, layers, input, norms);
            page.Y += 22;
        }
        return new(page, $"{csv}\n{norms}", $"{ImportanceFigure.Seen(panels)}; below each, histograms of ‖ΔWx‖² by layer{input.End()}");
    }
}
