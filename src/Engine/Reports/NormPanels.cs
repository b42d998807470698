using System.Xml.Linq;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Reports;

/// <summary>A grid of small histograms of ‖ΔWx‖², one per layer, with a shared horizontal axis.</summary>
internal sealed class NormPanels(IReadOnlyList<SiteImportance> sites)
{
    private const double Gap = 14, Title = 14, Axis = 14, Width = ImportanceChart.Width - 2 * ImportanceChart.Margin;

    private readonly int _columns = sites.Count switch { <= 6 => sites.Count, <= 12 => 6, <= 32 => 8, _ => 10 };
    private readonly double _height = sites.Count <= 12 ? 52 : 38;

    private double Step => Title + _height + Axis + 4;

    public double Height => Math.Ceiling(sites.Count / (double)_columns) * Step;

    public IEnumerable<XElement> Drawn()
    {
        var width = (Width + Gap) / _columns - Gap;
        return sites.Index().Select(panel =>
            Shape.Group("panel", panel.Index % _columns * (width + Gap), panel.Index / _columns * Step, Panel(panel.Item, width)));
    }

    private IEnumerable<XElement> Panel(SiteImportance site, double width)
    {
        var floor = Title + _height;
        yield return Shape.Text("small", 0, Title - 4, $"layer {site.Layer}");
        yield return Shape.Path(ImportanceChart.Colour(site.Place),
            Outline(site.Norms.Counts, width).Select(p => (p.X, floor - _height * p.Y)), closed: true);
        yield return Shape.Line("axis", 0, floor, width, floor);
        yield return Shape.Text("small", 0, floor + 10, $"{site.Norms.From:G3}");
        yield return Shape.Text("small end", width, floor + 10, $"{site.Norms.To:G3}");
    }

    /// <summary>The outline of the bins, from left to right; heights in [0, 1].</summary>
    private static IEnumerable<(double X, double Y)> Outline(IReadOnlyList<long> counts, double width)
    {
        var fullest = Math.Max(1, counts.Max());
        var bin = width / counts.Count;
        yield return (0, 0);
        foreach (var (index, count) in counts.Index())
        {
            yield return (index * bin, count / (double)fullest);
            yield return ((index + 1) * bin, count / (double)fullest);
        }
        yield return (width, 0);
    }
}
