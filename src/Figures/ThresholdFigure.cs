using LoraDrop.Figures.Drawing;
using OxyPlot;
using OxyPlot.Axes;

namespace LoraDrop.Figures;

/// <summary>The score at one threshold.</summary>
/// <param name="T">The threshold, in (0, 1].</param>
/// <param name="Score">The score, in the unit of the axis.</param>
/// <param name="StandardDeviation">Standard deviation over seeds, at least 0, or null if there is one run.</param>
public sealed record ThresholdScore(double T, double Score, double? StandardDeviation = null);

/// <summary>The scores of one task or method.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Points">Its scores; each T once.</param>
public sealed record ThresholdCurve(string Name, IReadOnlyList<ThresholdScore> Points);

/// <summary>How many layers a module type keeps at one threshold.</summary>
/// <param name="T">The threshold, in (0, 1].</param>
/// <param name="Layers">Layers that keep a LoRA of their own, at least 0; a mean over seeds need not be whole.</param>
public sealed record KeptLayers(double T, double Layers);

/// <summary>The kept layers of one module type.</summary>
/// <param name="Type">Module type, such as query.</param>
/// <param name="Points">Its counts; each T once.</param>
public sealed record KeptCurve(string Type, IReadOnlyList<KeptLayers> Points);

/// <summary>Score by the threshold T with ± one standard deviation, and below it the kept layers by T (the paper's table 4 as a
/// picture).</summary>
public static class ThresholdFigure
{
    /// <summary>Draws it.</summary>
    /// <param name="scores">A line for each task or method.</param>
    /// <param name="kept">A line for each module type; may be empty.</param>
    /// <param name="scoreTitle">What the score is, with its unit: "accuracy, %".</param>
    /// <param name="style">How it looks.</param>
    /// <exception cref="ArgumentException">A rule above is broken.</exception>
    public static Figure Draw(IReadOnlyList<ThresholdCurve> scores, IReadOnlyList<KeptCurve> kept, string scoreTitle = "score",
        FigureStyle? style = null)
    {
        Check(scores, kept, scoreTitle);
        var (page, input) = (new Page(style ?? FigureStyle.Default, "Score by the threshold T"), new Input());
        var csv = new CsvTable("curve", "name", "T", "value", "standard_deviation");
        var theme = page.Theme;
        var (from, to) = Plots.Around([.. scores.SelectMany(c => c.Points)
            .Select(p => p.T).Concat(kept.SelectMany(c => c.Points).Select(p => p.T))], 0.04);
        Key[] keys = [.. scores.Select((curve, i) => Key.OfLine(curve.Name, theme.SeriesAt(i), Theme.DashAt(i), Theme.MarkerAt(i)))];
        if (scores.Count > 1) page.Legend(keys);

        var (above, seen) = (Plots.Plot(theme), new List<double>());
        foreach (var (i, curve) in scores.Index())
        {
            (double X, double Y, double Sd)[] points = [.. curve.Points.Where(point => input.Draws(point.Score)).OrderBy(point => point.T)
                .Select(point => (point.T, point.Score, point.StandardDeviation is { } sd && input.Draws(sd) ? sd : 0))];
            foreach (var (T, score, sd) in points) csv.Row("score", curve.Name, T, score, sd > 0 ? sd : null);
            seen.AddRange(points.SelectMany(point => (double[])[point.Y - point.Sd, point.Y + point.Sd]));
            Plots.Errors(above, points, theme.SeriesAt(i));
            above.Series.Add(Plots.Line(points.Select(point => new DataPoint(point.X, point.Y)), theme.SeriesAt(i), Theme.DashAt(i),
                Theme.MarkerAt(i)));
        }
        var (low, high) = Plots.Around(seen);
        above.Axes.Add(Plots.Numbers(theme, AxisPosition.Bottom, kept.Count == 0 ? "threshold T" : null, from, to, spacing: 60));
        above.Axes.Add(Plots.Numbers(theme, AxisPosition.Left, Words.Clean(scoreTitle), low, high));
        page.Place(above, Page.Margin, page.Y, page.Inner, 270);
        page.Y += 276;
        if (kept.Count > 0) Kept(page, above, kept, from, to, input, csv);
        return new(page, csv.ToString(), Seen(scores, kept, scoreTitle) + input.End());
    }

    private static void Kept(Page page, PlotModel above, IReadOnlyList<KeptCurve> kept, double from, double to, Input input, CsvTable csv)
    {
        var (theme, below, highest) = (page.Theme, Plots.Plot(page.Theme), 1.0);
        page.Y += 6;
        page.Legend([.. kept.Select((curve, i) =>
            Key.OfLine($"layers kept of {curve.Type}", theme.SeriesAt(i), Theme.DashAt(i), Theme.MarkerAt(i)))]);
        foreach (var (i, curve) in kept.Index())
        {
            KeptLayers[] points = [.. curve.Points.Where(point => input.Draws(point.Layers)).OrderBy(point => point.T)];
            foreach (var point in points) csv.Row("kept_layers", curve.Type, point.T, point.Layers, null);
            highest = Math.Max(highest, points.Select(point => point.Layers).DefaultIfEmpty().Max());
            below.Series.Add(Plots.Line(points.Select(point => new DataPoint(point.T, point.Layers)), theme.SeriesAt(i), Theme.DashAt(i),
                Theme.MarkerAt(i)));
        }
        below.Axes.Add(Plots.Numbers(theme, AxisPosition.Bottom, "threshold T", from, to, spacing: 60));
        below.Axes.Add(Plots.Numbers(theme, AxisPosition.Left, "kept layers", 0, highest * 1.08, spacing: 30));
        below.Axes[1].MinimumMajorStep = 1;
        page.Place(below, Page.Margin, page.Y, page.Inner, 190);
        Plots.Align(above, below);
        page.Y += 196;
    }

    private static void Check(IReadOnlyList<ThresholdCurve> scores, IReadOnlyList<KeptCurve> kept, string scoreTitle)
    {
        Input.Some(scores, "curve of scores");
        ArgumentNullException.ThrowIfNull(kept);
        Input.Named(scores.Select(curve => curve.Name), "curve");
        Input.Named(kept.Select(curve => curve.Type), "module type");
        Input.Named([scoreTitle], "score");
        foreach (var curve in scores)
        {
            Input.Some(curve.Points, $"score of {curve.Name}");
            Thresholds(curve.Points.Select(point => point.T), curve.Name);
            foreach (var point in curve.Points) Input.Deviation(point.StandardDeviation, $"{curve.Name}, T = {point.T}");
        }
        foreach (var curve in kept)
        {
            Input.Some(curve.Points, $"count of {curve.Type}");
            Thresholds(curve.Points.Select(point => point.T), curve.Type);
            if (curve.Points.Any(point => point.Layers < 0)) throw new ArgumentException($"{curve.Type}: kept layers are at least 0");
        }
    }

    private static void Thresholds(IEnumerable<double> thresholds, string where)
    {
        var seen = new HashSet<double>();
        foreach (var T in thresholds)
        {
            if (!(T > 0 && T <= 1)) throw new ArgumentException($"{where}: T is in (0, 1]; got {T}");
            if (!seen.Add(T)) throw new ArgumentException($"{where}: T = {T} is given twice");
        }
    }

    private static string Seen(IReadOnlyList<ThresholdCurve> scores, IReadOnlyList<KeptCurve> kept, string scoreTitle) =>
        $"{Words.Clean(scoreTitle)} by the threshold T for " + string.Join("; ", scores.Select(curve =>
        {
            var best = curve.Points.Where(point => double.IsFinite(point.Score)).MaxBy(point => point.Score);
            return Words.Clean(curve.Name) + (best is null ? "" : $", highest at T = {best.T:0.###} with {best.Score:0.###}");
        })) + (kept.Count == 0 ? ""
            : $"; below it the kept layers of {Words.List([.. kept.Select(curve => Words.Clean(curve.Type))])} by T");
}
