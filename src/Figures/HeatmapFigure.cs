using LoraDrop.Figures.Drawing;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace LoraDrop.Figures;

/// <summary>One column of a heatmap: a task, or a ratio of samples.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Importance">The importance of each layer from layer 0 on, at least 0; divided by the largest before it is drawn.</param>
public sealed record HeatmapColumn(string Name, IReadOnlyList<double> Importance);

/// <summary>A heatmap of one module type.</summary>
/// <param name="Type">Module type, such as query.</param>
/// <param name="Columns">The columns, from left to right; all of the same layers.</param>
public sealed record HeatmapPanel(string Type, IReadOnlyList<HeatmapColumn> Columns);

/// <summary>Heatmaps of importance, layer by column, each column divided by its largest: columns are tasks (the paper's figures 4 and 11)
/// or ratios of samples (figures 5 and 12).</summary>
public static class HeatmapFigure
{
    /// <summary>Draws it, a panel for each module type.</summary>
    /// <param name="panels">The module types.</param>
    /// <param name="columnTitle">What the columns are: "task", or "sample ratio α".</param>
    /// <param name="style">How it looks.</param>
    /// <exception cref="ArgumentException">A rule above is broken.</exception>
    public static Figure Draw(IReadOnlyList<HeatmapPanel> panels, string columnTitle = "task", FigureStyle? style = null)
    {
        Check(panels, columnTitle);
        var page = new Page(style ?? FigureStyle.Default, $"Importance by layer and {columnTitle}",
            "I of each layer, divided by the largest of its column");
        var (theme, input, csv) = (page.Theme, new Input(), new CsvTable("type", columnTitle, "layer", "importance", "relative"));
        var most = panels.Max(panel => panel.Columns.Count);
        var perRow = most <= 10 && panels.Count > 1 ? 2 : 1;
        const double bar = 62, margins = 52;
        var width = (page.Inner - bar) / perRow;
        var layers = panels.Max(panel => panel.Columns[0].Importance.Count);
        var cellHeight = Math.Max(Math.Clamp(560.0 / layers, 9, 24), 96.0 / layers);
        foreach (var row in panels.Chunk(perRow))
        {
            PlotModel[] plots = [.. row.Select(panel =>
                Panel(theme, panel, columnTitle, (width - margins) / panel.Columns.Count, cellHeight, input, csv))];
            // upright names need room, which only the plots themselves know
            var below = plots.Zip(row).Max(pair => Below(pair.First, width));
            var height = 24 + layers * cellHeight + below;
            foreach (var (i, plot) in plots.Index())
            {
                plot.PlotMargins = new(double.NaN, 0, 8, below);
                page.Place(plot, Page.Margin + i * width, page.Y, width, height);
            }
            ColourBar(page, plots[0].PlotArea, plots[^1].PlotArea.Right + 14);
            page.Y += height + 14;
        }
        return new(page, csv.ToString(), Seen(panels, columnTitle, layers) + input.End());
    }

    private static void Check(IReadOnlyList<HeatmapPanel> panels, string columnTitle)
    {
        Input.Some(panels, "module type");
        Input.Named(panels.Select(panel => panel.Type), "module type");
        Input.Named([columnTitle], "column title");
        foreach (var panel in panels)
        {
            Input.Some(panel.Columns, $"column of {panel.Type}");
            Input.Named(panel.Columns.Select(column => column.Name), $"{columnTitle} of {panel.Type}");
            foreach (var column in panel.Columns)
            {
                Input.Some(column.Importance, $"layer of {column.Name}");
                if (column.Importance.Count != panel.Columns[0].Importance.Count)
                    throw new ArgumentException($"{panel.Type}: {column.Name} has {column.Importance.Count} layers and "
                        + $"{panel.Columns[0].Name} has {panel.Columns[0].Importance.Count}");
                if (column.Importance.Any(I => I < 0 && !double.IsInfinity(I)))
                    throw new ArgumentException($"{panel.Type}, {column.Name}: importance is at least 0");
            }
        }
    }

    private static PlotModel Panel(Theme theme, HeatmapPanel panel, string columnTitle, double cellWidth, double cellHeight, Input input,
        CsvTable csv)
    {
        var layers = panel.Columns[0].Importance.Count;
        var plot = Plots.Plot(theme, Words.Fitting(panel.Type, 300, 12.5, 700));
        plot.PlotAreaBorderThickness = new(0);
        plot.Axes.Add(Plots.Places(theme, AxisPosition.Bottom, columnTitle, [.. panel.Columns.Select(column => column.Name)], cellWidth));
        plot.Axes.Add(Plots.Places(theme, AxisPosition.Left, "layer", [.. Enumerable.Range(0, layers).Select(layer => $"{layer}")],
            cellHeight));
        var cells = new RectangleBarSeries { StrokeThickness = 0, EdgeRenderingMode = EdgeRenderingMode.PreferSharpness };
        var size = Math.Min(9.5, cellHeight * 0.8);
        foreach (var (x, column) in panel.Columns.Index())
        {
            var largest = column.Importance.Where(double.IsFinite).DefaultIfEmpty().Max();
            foreach (var (y, I) in column.Importance.Index())
            {
                if (!input.Draws(I)) continue;
                var relative = largest > 0 ? I / largest : 0;
                csv.Row(panel.Type, column.Name, y, I, relative);
                cells.Items.Add(new(x - 0.5, y - 0.5, x + 0.5, y + 0.5) { Color = ColourOf(theme, relative) });
                var text = relative >= 0.995 ? "1" : relative.ToString(".00");
                if (cellHeight < 10 || cellWidth < FontWidths.Regular.Of(text, size) + 2) continue;
                plot.Annotations.Add(Plots.Label(x, y, text, Theme.On(ColourOf(theme, relative)), size, along: VerticalAlignment.Middle));
            }
        }
        plot.Series.Add(cells);
        return plot;
    }

    private static double Below(PlotModel plot, double width)
    {
        ((IPlotModel)plot).Update(true);
        ((IPlotModel)plot).Render(new MeasuringSurface(), new(0, 0, width, 2000));
        return plot.ActualPlotMargins.Bottom;
    }

    private static OxyColor ColourOf(Theme theme, double relative) =>
        theme.Ramp.Colors[Math.Clamp((int)(relative * theme.Ramp.Colors.Count), 0, theme.Ramp.Colors.Count - 1)];

    private static void ColourBar(Page page, OxyRect beside, double x)
    {
        var (theme, height) = (page.Theme, Math.Min(beside.Height, 220));
        page.Draw(on =>
        {
            for (var i = 0; i < theme.Ramp.Colors.Count; i++)
                on.DrawRectangle(new(x, beside.Top + height * (1 - (i + 1.0) / theme.Ramp.Colors.Count), 12,
                    height / theme.Ramp.Colors.Count + 0.5),
                    theme.Ramp.Colors[i], OxyColors.Undefined, 0, EdgeRenderingMode.PreferGeometricAccuracy);
            on.DrawRectangle(new(x, beside.Top, 12, height), OxyColors.Undefined, theme.Axis, 1, EdgeRenderingMode.PreferSharpness);
        });
        foreach (var value in (double[])[0, 0.5, 1])
            page.Text(x + 16, beside.Top + height * (1 - value), $"{value:0.#}", Plots.Size, theme.Muted, along: VerticalAlignment.Middle);
        page.Text(x + 34, beside.Top + height / 2, "I / largest I", Plots.TitleSize, theme.Text, HorizontalAlignment.Center,
            VerticalAlignment.Top, rotation: -90);
    }

    private static string Seen(IReadOnlyList<HeatmapPanel> panels, string columnTitle, int layers) =>
        $"Heatmap of importance by layer ({layers}) and {Words.Clean(columnTitle)} ({panels.Max(panel => panel.Columns.Count)}) for "
        + string.Join("; ", panels.Select(panel =>
        {
            var peaks = panel.Columns.Select(column => column.Importance.Index().Where(cell => double.IsFinite(cell.Item))
                .OrderByDescending(cell => cell.Item).Select(cell => (int?)cell.Index).FirstOrDefault()).OfType<int>().Distinct().Order()
                .Select(layer => $"{layer}").ToList();
            return Words.Clean(panel.Type) + (peaks.Count == 0 ? ""
                : $", whose columns are highest at layer{(peaks.Count == 1 ? "" : "s")} {Words.List(peaks)}");
        }));
}
