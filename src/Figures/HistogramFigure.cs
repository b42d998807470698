using LoraDrop.Domain;
using LoraDrop.Figures.Drawing;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace LoraDrop.Figures;

/// <summary>How ‖ΔW_i x_i‖² of one layer is distributed over the samples.</summary>
/// <param name="Layer">Layer, from 0.</param>
/// <param name="Norms">The distribution; the only one, or that before sharing.</param>
/// <param name="After">The distribution after sharing, or null.</param>
/// <param name="Place">What the layer uses, which colours its panel if there is one distribution.</param>
public sealed record LayerNorms(int Layer, Histogram Norms, Histogram? After = null, Place Place = Place.Own);

/// <summary>Histograms of ‖ΔW_i x_i‖² over the samples, a panel a layer, with one horizontal axis for all (the paper's figures 2 and 6 to
/// 8), or two in each panel, before and after sharing (figures 9 and 10).</summary>
public static class HistogramFigure
{
    /// <summary>Draws it.</summary>
    /// <param name="type">Module type, such as query.</param>
    /// <param name="layers">Its layers; each once.</param>
    /// <param name="style">How it looks.</param>
    /// <exception cref="ArgumentException">A rule above is broken, a histogram is empty or has a negative count, or only some layers have
    /// one after sharing.</exception>
    public static Figure Draw(string type, IReadOnlyList<LayerNorms> layers, FigureStyle? style = null)
    {
        Check(type, layers);
        var after = layers[0].After is not null;
        var page = new Page(style ?? FigureStyle.Default, $"‖ΔWx‖² of {type} by layer{(after ? ", before and after sharing" : "")}",
            "squared norm of what the LoRA adds to the layer's output; one horizontal axis for all panels");
        page.Legend(after
            ? [Key.OfBox("before sharing", page.Theme.Axis), Key.OfLine("after sharing", page.Theme.SeriesAt(1))]
            : [.. Key.Of(page.Theme, layers.Select(layer => layer.Place))]);
        var (csv, input) = (new CsvTable(Header), new Input());
        Panels(page, type, layers, input, csv);
        var fullest = after ? "" : Peak(layers);
        return new(page, csv.ToString(), $"Histograms of ‖ΔWx‖² over the samples for {Words.Count(layers.Count, "layer")} of "
            + $"{Words.Clean(type)}{(after ? ", before and after sharing" : "")}{fullest}{input.End()}");
    }

    internal static string[] Header => ["type", "layer", "series", "from", "to", "count"];

    internal static void Check(string type, IReadOnlyList<LayerNorms> layers)
    {
        Input.Named([type], "module type");
        Input.Some(layers, "layer");
        Input.Layers(layers.Select(layer => layer.Layer), type);
        if (layers.Any(layer => layer.After is null) && layers.Any(layer => layer.After is not null))
            throw new ArgumentException($"{type}: either all layers have a histogram after sharing, or none has");
        foreach (var layer in layers)
            foreach (var histogram in (Histogram?[])[layer.Norms, layer.After])
            {
                if (histogram is null) continue;
                if (histogram.Counts.Count == 0) throw new ArgumentException($"{type}, layer {layer.Layer}: a histogram without bins");
                if (histogram.Counts.Any(count =>
                    count < 0)) throw new ArgumentException($"{type}, layer {layer.Layer}: a count is negative");
                if (histogram.To < histogram.From)
                    throw new ArgumentException($"{type}, layer {layer.Layer}: a histogram ends before it begins");
            }
    }

    internal static void Panels(Page page, string type, IReadOnlyList<LayerNorms> layers, Input input, CsvTable csv)
    {
        var theme = page.Theme;
        var columns = Math.Min(layers.Count, layers.Count switch { <= 4 => 4, <= 12 => 6, <= 32 => 8, _ => 10 });
        const double left = 22, gap = 10;
        var width = Math.Min(420, (page.Inner - left) / columns);
        var (height, rows) = (columns >= 8 ? 74.0 : columns >= 6 ? 92 : 128, (layers.Count + columns - 1) / columns);
        var drawn = layers.OrderBy(layer => layer.Layer).ToList();
        Histogram[] all = [.. drawn.SelectMany(layer => (Histogram?[])[layer.Norms, layer.After]).OfType<Histogram>()
            .Where(histogram => double.IsFinite(histogram.From) && double.IsFinite(histogram.To))];
        var (from, to) = (all.Select(h => h.From).DefaultIfEmpty(0).Min(), all.Select(h => h.To).DefaultIfEmpty(1).Max());
        if (!(to > from)) to = from + 1;
        var top = page.Y;
        foreach (var (index, layer) in drawn.Index())
        {
            var (x, y) = (Page.Margin + left + index % columns * width, top + index / columns * height);
            var plot = Panel(theme, type, layer, from, to, input, csv);
            page.Place(plot, x, y, width - gap, height - 4);
            Corners(page, plot.PlotArea, layer, from, to);
        }
        page.Text(Page.Margin, top + rows * height / 2, "samples per bin", Plots.TitleSize, theme.Text, HorizontalAlignment.Center,
            VerticalAlignment.Top, rotation: -90);
        page.Y = top + rows * height;
        page.Text(Page.Margin + left, page.Y, Words.Fitting("‖ΔWx‖², no unit; bars reach up to each panel's fullest bin, whose count "
            + "stands above it", page.Inner - left, Plots.TitleSize), Plots.TitleSize, theme.Text);
        page.Y += 20;
    }

    private static PlotModel Panel(Theme theme, string type, LayerNorms layer, double from, double to, Input input, CsvTable csv)
    {
        var plot = Plots.Plot(theme);
        plot.Axes.Add(new LinearAxis
        {
            Position = AxisPosition.Bottom, Minimum = from, Maximum = to, MajorStep = (to - from) * 2, MajorTickSize = 0, MinorTickSize = 0,
            LabelFormatter = _ => "",
        });
        plot.Axes.Add(new LinearAxis { Position = AxisPosition.Left, Minimum = 0, Maximum = Math.Max(1, Fullest(layer)) * 1.02,
            IsAxisVisible = false });
        plot.PlotMargins = new(0, 15, 0, 15);
        if (layer.After is null)
            Add(layer.Norms, "norms", layer.Place == Place.None ? OxyColors.Undefined : theme.Fill(layer.Place),
                theme.Outline(layer.Place));
        else
        {
            Add(layer.Norms, "before", OxyColor.FromAColor(110, theme.Axis), theme.Axis);
            Add(layer.After, "after", OxyColors.Undefined, theme.SeriesAt(1));
        }
        return plot;

        void Add(Histogram histogram, string series, OxyColor fill, OxyColor stroke)
        {
            if (!input.Draws(histogram.From, histogram.To)) return;
            var bin = (histogram.To - histogram.From) / histogram.Counts.Count;
            var outline = new AreaSeries
            {
                Color = stroke, Fill = fill, StrokeThickness = fill.IsUndefined() ? 1.4 : 1, ConstantY2 = 0,
                LineJoin = LineJoin.Bevel, MinimumSegmentLength = 0,
            };
            var (first, last) = (histogram.Counts.Index().FirstOrDefault(b => b.Item > 0, (-1, 0)).Index,
                histogram.Counts.Index().LastOrDefault(b => b.Item > 0, (-1, 0)).Index);
            foreach (var (i, count) in histogram.Counts.Index())
            {
                var (left, right) = (histogram.From + i * bin, histogram.From + (i + 1) * bin);
                if (i == first) outline.Points.Add(new(left, 0));
                if (i >= first && i <= last) outline.Points.AddRange([new(left, count),
                    new(right, count)]); // the axis stays bare elsewhere
                if (i == last) outline.Points.Add(new(right, 0));
                csv.Row(type, layer.Layer, series, left, right, count);
            }
            plot.Series.Add(outline);
        }
    }

    private static long Fullest(LayerNorms layer) =>
        new[] { layer.Norms, layer.After }.OfType<Histogram>().Max(histogram => histogram.Counts.Max());

    /// <summary>The layer and the count of the fullest bin above a panel, and the ends of the axis below it.</summary>
    private static void Corners(Page page, OxyRect plot, LayerNorms layer, double from, double to)
    {
        const double size = 9.5;
        var (name, count, theme) = ($"layer {layer.Layer}", $"{Fullest(layer)}", page.Theme);
        page.Text(plot.Left, plot.Top - 2, name, size, theme.Text, along: VerticalAlignment.Bottom);
        if (FontWidths.Regular.Of(name + count, size) + 6 < plot.Width)
            page.Text(plot.Right, plot.Top - 2, count, size, theme.Muted, HorizontalAlignment.Right, VerticalAlignment.Bottom);
        page.Text(plot.Left, plot.Bottom + 2, Words.Three(from), size, theme.Muted);
        page.Text(plot.Right, plot.Bottom + 2, Words.Three(to), size, theme.Muted, HorizontalAlignment.Right);
    }

    private static string Peak(IReadOnlyList<LayerNorms> layers)
    {
        var widest = layers.Where(layer => double.IsFinite(layer.Norms.To)).MaxBy(Last);
        return widest is null ? "" : $", reaching furthest in layer {widest.Layer}";

        static double Last(LayerNorms layer)
        {
            var (from, to, counts) = layer.Norms;
            return from + (to - from) * (counts.Index().LastOrDefault(bin => bin.Item > 0, (-1, 0)).Index + 1) / counts.Count;
        }
    }
}
