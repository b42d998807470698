using LoraDrop.Figures.Drawing;
using OxyPlot;
using OxyPlot.Axes;

namespace LoraDrop.Figures;

/// <summary>A value at a step.</summary>
/// <param name="Step">Training step, at least 0.</param>
/// <param name="Value">The value, in the unit of the axis.</param>
public sealed record CurvePoint(long Step, double Value);

/// <summary>The course of one run.</summary>
/// <param name="Run">Name of the run or job; a run has one colour in all panels.</param>
/// <param name="Points">Its values; each step once.</param>
public sealed record RunCurve(string Run, IReadOnlyList<CurvePoint> Points);

/// <summary>The courses of several runs in one quantity.</summary>
/// <param name="Quantity">What it is, with its unit: "training loss".</param>
/// <param name="Curves">The runs; each once.</param>
/// <param name="Logarithmic">Whether the vertical axis is logarithmic; values that are not above 0 are then left out.</param>
public sealed record CurvePanel(string Quantity, IReadOnlyList<RunCurve> Curves, bool Logarithmic = false);

/// <summary>Curves over steps of several runs, a panel for each quantity, to compare jobs.</summary>
public static class CurvesFigure
{
    private const int MostPoints = 1200;

    /// <summary>Draws it. Of a curve of more than 1200 points the lowest and the highest of each of 600 stretches are drawn.</summary>
    /// <param name="panels">The quantities.</param>
    /// <param name="style">How it looks.</param>
    /// <exception cref="ArgumentException">A rule above is broken.</exception>
    public static Figure Draw(IReadOnlyList<CurvePanel> panels, FigureStyle? style = null)
    {
        Check(panels);
        var (page, input) = (new Page(style ?? FigureStyle.Default, "Runs over their steps"), new Input());
        var (theme, csv) = (page.Theme, new CsvTable("quantity", "run", "step", "value"));
        string[] runs = [.. panels.SelectMany(panel => panel.Curves).Select(curve => curve.Run).Distinct()];
        page.Legend([.. runs.Select((run, i) => Key.OfLine(run, theme.SeriesAt(i), Theme.DashAt(i)))]);
        var perRow = panels.Count == 1 ? 1 : 2;
        var (width, height) = (page.Inner / perRow, perRow == 1 ? 360.0 : 270);
        foreach (var row in panels.Chunk(perRow))
        {
            foreach (var (i, panel) in row.Index())
                page.Place(Panel(theme, panel, runs, input, csv), Page.Margin + i * width, page.Y, width - (perRow == 1 ? 8 : 16), height);
            page.Y += height + 8;
        }
        return new(page, csv.ToString(), Seen(panels, runs) + input.End());
    }

    private static PlotModel Panel(Theme theme, CurvePanel panel, string[] runs, Input input, CsvTable csv)
    {
        var (plot, seen, last) = (Plots.Plot(theme), new List<double>(), 1L);
        foreach (var curve in panel.Curves)
        {
            var i = Array.IndexOf(runs, curve.Run);
            CurvePoint[] points = [.. Thinned([.. curve.Points.Where(point =>
                input.Draws(panel.Logarithmic && point.Value <= 0 ? double.NaN : point.Value)).OrderBy(point => point.Step)])];
            foreach (var point in points) csv.Row(panel.Quantity, curve.Run, point.Step, point.Value);
            seen.AddRange(points.Select(point => point.Value));
            last = Math.Max(last, points.Select(point => point.Step).DefaultIfEmpty().Max());
            plot.Series.Add(Plots.Line(points.Select(point => new DataPoint(point.Step, point.Value)), theme.SeriesAt(i), Theme.DashAt(i),
                points.Length <= 40 ? Theme.MarkerAt(i) : MarkerType.None));
        }
        plot.Axes.Add(Plots.Numbers(theme, AxisPosition.Bottom, "step", 0, last * 1.02, Words.Short, 60));
        var (low, high) = panel.Logarithmic ? Plots.Around([.. seen.Select(Math.Log10)]) : Plots.Around(seen);
        plot.Axes.Add(panel.Logarithmic
            ? Plots.Logarithmic(theme, AxisPosition.Left, Words.Clean(panel.Quantity), Math.Pow(10, low), Math.Pow(10, high), Words.Three)
            : Plots.Numbers(theme, AxisPosition.Left, Words.Clean(panel.Quantity), low, high));
        return plot;
    }

    /// <summary>The lowest and the highest of each stretch keep the outline of a curve that has more points than the picture has
    /// columns.</summary>
    private static IEnumerable<CurvePoint> Thinned(CurvePoint[] points) => points.Length <= MostPoints ? points
        : Enumerable.Range(0, MostPoints / 2).SelectMany(i =>
        {
            var stretch = points[(int)((long)points.Length * i / (MostPoints / 2))..(int)((long)points.Length * (i
                + 1) / (MostPoints / 2))];
            CurvePoint[] ends = [stretch.MinBy(point => point.Value)!, stretch.MaxBy(point => point.Value)!];
            return ends.DistinctBy(point => point.Step).OrderBy(point => point.Step);
        });

    private static void Check(IReadOnlyList<CurvePanel> panels)
    {
        Input.Some(panels, "quantity");
        Input.Named(panels.Select(panel => panel.Quantity), "quantity");
        foreach (var panel in panels)
        {
            Input.Some(panel.Curves, $"run of {panel.Quantity}");
            Input.Named(panel.Curves.Select(curve => curve.Run), $"run of {panel.Quantity}");
            foreach (var curve in panel.Curves)
            {
                ArgumentNullException.ThrowIfNull(curve.Points);
                var seen = new HashSet<long>();
                foreach (var point in curve.Points)
                {
                    if (point.Step < 0) throw new ArgumentException($"{curve.Run}: a step is at least 0; got {point.Step}");
                    if (!seen.Add(point.Step)) throw new ArgumentException($"{curve.Run}: step {point.Step} is given twice");
                }
            }
        }
    }

    private static string Seen(IReadOnlyList<CurvePanel> panels, string[] runs) =>
        $"Curves of {Words.Count(runs.Length, "run")} over their steps: " + string.Join("; ", panels.Select(panel =>
        {
            var ends = panel.Curves.Select(curve =>
                (curve.Run, End: curve.Points.Where(point => double.IsFinite(point.Value)).MaxBy(point => point.Step)))
                .Where(curve => curve.End is not null).Select(curve => $"{Words.Clean(curve.Run)} {curve.End!.Value:0.####}").ToList();
            return Words.Clean(panel.Quantity) + (ends.Count is 0 or > 8 ? "" : $" ends at {Words.List(ends)}");
        }));
}
