using LoraDrop.Domain;
using LoraDrop.Figures.Drawing;
using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace LoraDrop.Figures;

/// <summary>The importance of one layer's LoRA.</summary>
/// <param name="Layer">Layer, from 0.</param>
/// <param name="Importance">I in [0, 1] (equation 3).</param>
/// <param name="Place">What the layer uses after the cut.</param>
/// <param name="Rank">The rank of its own LoRA if importance has decided it, else null.</param>
public sealed record LayerImportance(int Layer, double Importance, Place Place, int? Rank = null);

/// <summary>The layers of one module type.</summary>
/// <param name="Type">Module type, such as query.</param>
/// <param name="Layers">Its layers; each once.</param>
public sealed record ImportancePanel(string Type, IReadOnlyList<LayerImportance> Layers);

/// <summary>Importance by layer: a row for each module type, with bars on the left and the cumulative curve that is cut at T on the
/// right.</summary>
public static class ImportanceFigure
{
    private const double RowHeight = 232, CurveWidth = 216;

    /// <summary>Draws it.</summary>
    /// <param name="panels">The module types.</param>
    /// <param name="threshold">T in (0, 1], or null if the cut was made otherwise.</param>
    /// <param name="style">How it looks.</param>
    /// <exception cref="ArgumentException">A rule above is broken, or there is no layer.</exception>
    public static Figure Draw(IReadOnlyList<ImportancePanel> panels, double? threshold, FigureStyle? style = null)
    {
        Check(panels, threshold);
        var page = new Page(style ?? FigureStyle.Default, "Importance of each layer's LoRA");
        var input = new Input();
        Legend(page, panels, threshold);
        var csv = new CsvTable(Header);
        foreach (var panel in panels) Row(page, panel, threshold, input, csv);
        return new(page, csv.ToString(), $"{Seen(panels)}{input.End()}");
    }

    internal static string[] Header => ["type", "layer", "importance", "place", "rank", "ranked", "cumulative"];

    internal static void Check(IReadOnlyList<ImportancePanel> panels, double? threshold)
    {
        Input.Some(panels, "module type");
        Input.Named(panels.Select(panel => panel.Type), "module type");
        if (threshold is { } T && !(T > 0 && T <= 1)) throw new ArgumentException($"T is in (0, 1]; got {T}");
        foreach (var panel in panels)
        {
            Input.Some(panel.Layers, "layer of each module type");
            Input.Layers(panel.Layers.Select(layer => layer.Layer), panel.Type);
            if (panel.Layers.FirstOrDefault(layer => layer.Importance is < 0 or > 1.000001 and < double.PositiveInfinity) is { } wrong)
                throw new ArgumentException($"{panel.Type}, layer {wrong.Layer}: importance is in [0, 1]; got {wrong.Importance}");
        }
    }

    internal static void Legend(Page page, IReadOnlyList<ImportancePanel> panels, double? threshold) => page.Legend([
        .. Key.Of(page.Theme, panels.SelectMany(panel => panel.Layers).Select(layer => layer.Place)),
        Key.OfLine("sum of I, the largest first", page.Theme.Axis, marker: MarkerType.Circle),
        .. threshold is { } T ? [Key.OfLine($"T = {T:0.###}", page.Theme.Cut, LineStyle.Dash)] : Array.Empty<Key>()]);

    internal static string Seen(IReadOnlyList<ImportancePanel> panels) => "Bars of importance I by layer: "
        + string.Join("; ", panels.Select(panel =>
        {
            var kept = panel.Layers.Count(layer => layer.Place == Place.Own);
            var highest = panel.Layers.Where(layer => double.IsFinite(layer.Importance)).MaxBy(layer => layer.Importance);
            return $"{Words.Clean(panel.Type)} keeps {kept} of {Words.Count(panel.Layers.Count, "layer")}"
                + (highest is null ? "" : $", the highest is layer {highest.Layer} with I = {highest.Importance:0.000}");
        }));

    internal static void Row(Page page, ImportancePanel panel, double? threshold, Input input, CsvTable csv)
    {
        LayerImportance[] layers = [.. panel.Layers.Where(layer => input.Draws(layer.Importance)).OrderBy(layer => layer.Layer)];
        var theme = page.Theme;
        var isRanked = layers.Any(layer => layer.Rank is not null);
        var own = layers.Where(layer => layer.Place == Place.Own).ToArray();
        var note = $"{own.Length} of {Words.Count(panel.Layers.Count, "layer")} keep{(panel.Layers.Count == 1 ? "s" : "")} a LoRA of "
            + $"{(panel.Layers.Count == 1 ? "its" : "their")} own, "
            + (isRanked ? $"{own.Sum(layer => layer.Rank ?? 0)} ranks in all" : $"with {own.Sum(layer => layer.Importance):0.000} of I");
        var name = Words.Fitting(panel.Type, page.Inner / 3, 13.5, 700);
        page.Text(Page.Margin, page.Y, name, 13.5, theme.Text, weight: 700);
        var barsWidth = page.Inner - CurveWidth - 24;
        note = Words.Fitting(note, page.Inner - FontWidths.Bold.Of(name, 13.5) - 16, 11);
        page.Text(page.Width - Page.Margin, page.Y + 2, note, 11, theme.Muted, HorizontalAlignment.Right);
        page.Place(Bars(theme, layers, barsWidth - 56, isRanked), Page.Margin, page.Y + 20, barsWidth, RowHeight - 34);

        var reached = 0.0;
        (LayerImportance Layer, double Sum)[] ranked = [.. layers.OrderByDescending(layer => layer.Importance).ThenBy(layer => layer.Layer)
            .Select(layer => (layer, reached += layer.Importance))];
        page.Place(Curve(theme, ranked, isRanked ? null : threshold), Page.Margin + barsWidth + 24, page.Y + 20, CurveWidth, RowHeight
            - 34);
        foreach (var layer in layers)
        {
            var order = Array.FindIndex(ranked, found => found.Layer == layer);
            csv.Row(panel.Type, layer.Layer, layer.Importance, Name(layer.Place), layer.Rank, order + 1, ranked[order].Sum);
        }
        page.Y += RowHeight;
    }

    internal static string Name(Place place) => place switch { Place.Own => "own", Place.Shared => "shared", Place.None => "none" };

    private static PlotModel Bars(Theme theme, LayerImportance[] layers, double width, bool isRanked)
    {
        var plot = Plots.Plot(theme);
        var highest = Math.Max(layers.Select(layer => layer.Importance).DefaultIfEmpty().Max(), 1e-6);
        var last = layers.Select(layer => layer.Layer).DefaultIfEmpty().Max();
        var slot = width / (last + 1);
        var ranks = layers.ToDictionary(layer => layer.Layer, layer => layer.Rank ?? 0);
        var withRanks = isRanked && slot >= 17;
        plot.Axes.Add(Plots.Places(theme, AxisPosition.Bottom, withRanks ? "layer, and the ranks that it keeps" : "layer",
            [.. Enumerable.Range(0, last + 1).Select(layer => $"{layer}")], slot));
        if (withRanks)
            plot.Axes[0].LabelFormatter = layer => ranks.TryGetValue((int)Math.Round(layer), out var rank) ? $"{layer:0}\nr {rank}"
                : $"{layer:0}";
        var (upright, size) = (slot < 26, Math.Min(9.5, slot));
        plot.Axes.Add(Plots.Numbers(theme, AxisPosition.Left, "importance I", 0, highest * (slot < 8 ? 1.05 : upright ? 1.24 : 1.14)));
        var bars = new RectangleBarSeries { StrokeThickness = 1, LabelFormatString = null };
        var half = Math.Min(21 / slot, 0.38);
        foreach (var layer in layers)
        {
            plot.Series.Add(new RectangleBarSeries
            {
                StrokeThickness = 1, StrokeColor = theme.Outline(layer.Place), FillColor = theme.Fill(layer.Place),
                Items = { new(layer.Layer - half, 0, layer.Layer + half, layer.Importance) },
            });
            if (slot < 8) continue; // narrower than the smallest digits
            plot.Annotations.Add(upright
                ? Plots.Label(layer.Layer, layer.Importance, Words.Importance(layer.Importance), theme.Muted, size, -90,
                    HorizontalAlignment.Left, VerticalAlignment.Middle, up: 4)
                : Plots.Label(layer.Layer, layer.Importance, Words.Importance(layer.Importance), theme.Muted, size, up: 3));
        }
        return plot;
    }

    private static PlotModel Curve(Theme theme, (LayerImportance Layer, double Sum)[] ranked, double? threshold)
    {
        var plot = Plots.Plot(theme);
        var count = Math.Max(1, ranked.Length);
        plot.Axes.Add(Plots.Numbers(theme, AxisPosition.Bottom, "number of layers", 0, count * 1.04, n => n == Math.Round(n) ? $"{n:0}"
            : ""));
        plot.Axes.Add(Plots.Numbers(theme, AxisPosition.Left, "sum of I", 0, 1.03));
        plot.Axes[0].MinimumMajorStep = 1;
        plot.Series.Add(Plots.Line([new(0, 0), .. ranked.Select((point, i) => new DataPoint(i + 1, point.Sum))], theme.Axis));
        foreach (var place in ranked.Select(point => point.Layer.Place).Distinct().Order())
            plot.Series.Add(new ScatterSeries
            {
                MarkerType = MarkerType.Circle, MarkerSize = Math.Clamp(60.0 / count, 1.5, 3.5), MarkerFill = theme.Fill(place),
                MarkerStroke = theme.Outline(place), MarkerStrokeThickness = 1,
                ItemsSource = ranked.Select((point, i) => (point, i)).Where(found => found.point.Layer.Place == place)
                    .Select(found => new ScatterPoint(found.i + 1, found.point.Sum)).ToList(),
            });
        if (threshold is { } T)
            plot.Annotations.Add(new LineAnnotation { Type = LineAnnotationType.Horizontal, Y = T, Color = theme.Cut,
                LineStyle = LineStyle.Dash, StrokeThickness = 1.3 });
        return plot;
    }
}
