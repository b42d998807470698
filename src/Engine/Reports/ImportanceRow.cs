using System.Xml.Linq;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Reports;

/// <summary>One module type of an importance chart: bars by layer, the cumulative curve that is cut at T, and a histogram per
/// layer.</summary>
internal sealed class ImportanceRow(string type, IReadOnlyList<SiteImportance> sites, ImportanceReport report)
{
    private const double Top = 46, PlotHeight = 130, PlotsEnd = Top + PlotHeight + 44, HistogramsTop = PlotsEnd + 24;
    private const double AxisWidth = 34, BarsWidth = 624, WidestBar = 42, CurveLeft = 706, CurveWidth = 140;

    private readonly NormPanels _panels = new(sites);
    private readonly bool _ranked = report.IsByRank;

    public double Height => HistogramsTop + _panels.Height;

    public IEnumerable<XElement> Drawn()
    {
        var own = sites.Where(site => site.Place == Place.Own).ToArray();
        yield return Shape.Line("rule", 0, 0, ImportanceChart.Width - 2 * ImportanceChart.Margin, 0);
        yield return Shape.Text("type", 0, 24, type);
        yield return Shape.Text("note end", AxisWidth + BarsWidth, 24,
            $"{own.Length} of {sites.Count} layers keep their own LoRA; "
            + (_ranked ? $"{own.Sum(site => site.Rank)} ranks in all" : $"their I sums to {own.Sum(site => site.I):0.000}"));
        yield return Shape.Group("bars", AxisWidth, Top, Bars());
        yield return Shape.Text("note", CurveLeft, 24, "Σ I, largest first");
        yield return Shape.Group("cumulative", CurveLeft, Top, Cumulative());
        yield return Shape.Text("note", 0, PlotsEnd + 12,
            $"‖ΔWx‖² of the {report.Examples:N0} examples by layer: one horizontal axis for all, heights relative "
            + "to each panel's fullest bin");
        yield return Shape.Group("histograms", 0, HistogramsTop, _panels.Drawn());
    }

    private IEnumerable<XElement> Bars()
    {
        var largest = sites.Max(site => site.I);
        var tick = Tick(largest);
        var highest = tick * Math.Ceiling(largest / tick);
        return [.. Scale(tick, highest), .. sites.Index().SelectMany(bar => Bar(bar.Index, bar.Item, highest))];
    }

    private IEnumerable<XElement> Scale(double tick, double highest)
    {
        for (var I = 0.0; I <= highest + tick / 2; I += tick)
        {
            var y = PlotHeight * (1 - I / highest);
            yield return Shape.Line(I == 0 ? "axis" : "grid", 0, y, BarsWidth, y);
            yield return Shape.Text("small end", -5, y + 3, I.ToString(tick switch { < 0.01 => "0.000", < 0.1 => "0.00", _ => "0.0" }));
        }
        yield return Shape.UprightText("small middle", -28, PlotHeight / 2, 10, "importance I");
        yield return _ranked
            ? Shape.Text("small middle", BarsWidth / 2, PlotHeight + 36, "layer, and the ranks that it keeps")
            : Shape.Text("small middle", BarsWidth / 2, PlotHeight + 27, "layer");
    }

    /// <summary>A layer's bar, with its I above and its number below; for many layers, values are rotated and every fifth layer is
    /// numbered.</summary>
    private IEnumerable<XElement> Bar(int index, SiteImportance site, double highest)
    {
        var slot = BarsWidth / sites.Count;
        var (width, height, digits) = (Math.Min(WidestBar, slot * 0.72), PlotHeight * site.I / highest, Math.Min(9, slot));
        var (middle, y) = ((index + 0.5) * slot, PlotHeight - height);
        yield return Shape.Rect($"bar {ImportanceChart.Colour(site.Place)}", middle - width / 2, y, width, height,
            Shape.Title($"{type} {site.Layer}: I = {site.I:0.000}, g = {site.G:0.###e+0}, {ImportanceChart.Colour(site.Place)}"));
        yield return slot >= 25
            ? Shape.Text("value middle", middle, y - 4, ImportanceChart.Digits(site.I))
            : Shape.UprightText("value", middle + 0.35 * digits, y - 3, digits, ImportanceChart.Digits(site.I));
        if (slot >= 15 || index % 5 == 0) yield return Shape.Text("small middle", middle, PlotHeight + 13, $"{site.Layer}");
        if (_ranked && slot >= 15) yield return Shape.Text("small middle", middle, PlotHeight + 24, $"r {site.Rank ?? 0}");
    }

    private IEnumerable<XElement> Cumulative()
    {
        foreach (var sum in (double[])[0, 0.5, 1])
        {
            yield return Shape.Line(sum == 0 ? "axis" : "grid", 0, Y(sum), CurveWidth, Y(sum));
            yield return Shape.Text("small end", -5, Y(sum) + 3, sum.ToString("0.0"));
        }
        yield return Shape.Text("small", 0, PlotHeight + 13, "0");
        yield return Shape.Text("small middle", CurveWidth / 2, PlotHeight + 27, "number of layers");
        yield return Shape.Text("small end", CurveWidth, PlotHeight + 13, $"{sites.Count}");

        var points = new List<(double X, double Y)> { (0, Y(0)) };
        var ranked = Retention.Ranked([.. sites.Select(site => site.I)]);
        var reached = 0.0;
        foreach (var (index, layer) in ranked.Index())
            points.Add((CurveWidth * (index + 1) / ranked.Count, Y(reached += sites[layer].I)));
        yield return Shape.Path("curve", points);
        var radius = Math.Clamp(CurveWidth / sites.Count / 3, 1.5, 3.5);
        foreach (var (layer, point) in ranked.Zip(points.Skip(1)))
            yield return Shape.Circle($"dot {ImportanceChart.Colour(sites[layer].Place)}", point.X, point.Y, radius);

        if (report.Threshold is not { } T || _ranked) yield break;
        yield return Shape.Line("threshold", 0, Y(T), CurveWidth, Y(T));
        yield return Shape.Text("cut end", CurveWidth, Y(T) + 12, $"T = {T:0.###}");
    }

    private static double Y(double sum) => PlotHeight * (1 - sum);

    /// <summary>A round grid spacing: 1, 2 or 5 times a power of ten, with two to five lines up to the largest value.</summary>
    private static double Tick(double largest)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(largest / 2)));
        var factor = (largest / 2 / power) switch { >= 5 => 5, >= 2 => 2, _ => 1 };
        return factor * power;
    }
}
