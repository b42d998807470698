using LoraDrop.Figures.Drawing;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace LoraDrop.Figures;

/// <summary>The score of one method or setting.</summary>
/// <param name="Name">Its name, which is written beside its point.</param>
/// <param name="TrainedParameters">Number of trained parameters, above 0.</param>
/// <param name="Score">Its score, in the unit of the axis.</param>
/// <param name="StandardDeviation">Standard deviation of the score over seeds, at least 0, or null if there is one run.</param>
public sealed record MethodScore(string Name, double TrainedParameters, double Score, double? StandardDeviation = null);

/// <summary>Score against trained parameters on a logarithmic axis: a named point for each method, with ± one standard deviation.</summary>
public static class ParametersFigure
{
    /// <summary>Draws it.</summary>
    /// <param name="methods">The methods; each name once.</param>
    /// <param name="scoreTitle">What the score is, with its unit: "accuracy, %".</param>
    /// <param name="style">How it looks.</param>
    /// <exception cref="ArgumentException">A rule above is broken.</exception>
    public static Figure Draw(IReadOnlyList<MethodScore> methods, string scoreTitle = "score", FigureStyle? style = null)
    {
        Input.Some(methods, "method");
        Input.Named(methods.Select(method => method.Name), "method");
        Input.Named([scoreTitle], "score");
        foreach (var method in methods)
        {
            Input.Deviation(method.StandardDeviation, method.Name);
            if (method.TrainedParameters <= 0)
                throw new ArgumentException($"{method.Name}: trained parameters are above 0; got {method.TrainedParameters}");
        }
        var (page, input) = (new Page(style ?? FigureStyle.Default, "Score against trained parameters"), new Input());
        (MethodScore Method, double Sd)[] drawn = [.. methods.Where(method => input.Draws(method.TrainedParameters, method.Score))
            .Select(method => (method, method.StandardDeviation is { } sd && input.Draws(sd) ? sd : 0))];
        var csv = new CsvTable("method", "trained_parameters", "score", "standard_deviation");
        foreach (var (method, sd) in drawn) csv.Row(method.Name, method.TrainedParameters, method.Score, sd > 0 ? sd : null);

        var theme = page.Theme;
        if (drawn.Any(point => point.Sd > 0))
            page.Legend([Key.OfLine("mean", theme.Kept, LineStyle.None, MarkerType.Circle),
                Key.OfLine("± one standard deviation", theme.Kept)]);
        var plot = Plots.Plot(theme);
        var (from, to) = Plots.Around([.. drawn.Select(point => Math.Log10(point.Method.TrainedParameters))], 0.12);
        plot.Axes.Add(Plots.Logarithmic(theme, AxisPosition.Bottom, "trained parameters (logarithmic)", Math.Pow(10, from),
            Math.Pow(10, to), Words.Short));
        var (low, high) = Plots.Around([.. drawn
            .SelectMany(point => (double[])[point.Method.Score - point.Sd, point.Method.Score + point.Sd])], 0.12);
        plot.Axes.Add(Plots.Numbers(theme, AxisPosition.Left, Words.Clean(scoreTitle), low, high));
        Plots.Errors(plot, drawn.Select(point => (point.Method.TrainedParameters, point.Method.Score, point.Sd)), theme.Kept);
        plot.Series.Add(new ScatterSeries
        {
            MarkerType = MarkerType.Circle, MarkerSize = 4.5, MarkerFill = theme.Kept, MarkerStroke = theme.Page, MarkerStrokeThickness = 1,
            ItemsSource = drawn.Select(point => new ScatterPoint(point.Method.TrainedParameters, point.Method.Score)).ToList(),
        });
        var height = 380 + Math.Min(220, 6 * Math.Max(0, drawn.Length - 12));
        page.Place(plot, Page.Margin, page.Y, page.Inner, height);
        Names(page, plot, drawn);
        page.Y += height + 6;
        return new(page, csv.ToString(), Seen(drawn, scoreTitle) + input.End());
    }

    private static void Names(Page page, PlotModel plot, (MethodScore Method, double Sd)[] drawn)
    {
        const double size = 11;
        var (across, along) = (plot.Axes[0], plot.Axes[1]);
        ScreenPoint[] points = [.. drawn
            .Select(point => new ScreenPoint(across.Transform(point.Method.TrainedParameters), along.Transform(point.Method.Score)))];
        string[] names = [.. drawn.Select(point => Words.Fitting(point.Method.Name, 220, size))];
        var taken = points.Select(point => new OxyRect(point.X - 5, point.Y - 5, 10, 10)).Concat(drawn.Zip(points)
            .Select(pair => (pair.Second.X, Top: along.Transform(pair.First.Method.Score + pair.First.Sd),
                Bottom: along.Transform(pair.First.Method.Score - pair.First.Sd)))
            .Select(bar => new OxyRect(bar.X - 3, bar.Top, 6, bar.Bottom - bar.Top)));
        var places = LabelPlaces.Of(points,
            [.. names.Select(name => new OxySize(FontWidths.Regular.Of(name, size), size * FontWidths.LineHeight))],
            taken, plot.PlotArea.Deflate(new(3)));
        foreach (var ((point, place), name) in points.Zip(places).Zip(names))
        {
            var end = new ScreenPoint(Math.Clamp(point.X, place.Left, place.Right), Math.Clamp(point.Y, place.Top, place.Bottom));
            if (end.DistanceTo(point) > 12) // a name that stands away from its point is tied to it
                page.Draw(on => on.DrawLine([point, end], page.Theme.Axis, 0.7, EdgeRenderingMode.PreferGeometricAccuracy));
            page.Text(place.Left, place.Top, name, size, page.Theme.Text);
        }
    }

    private static string Seen((MethodScore Method, double Sd)[] drawn, string scoreTitle)
    {
        var best = drawn.Select(point => point.Method).MaxBy(method => method.Score);
        return $"{Words.Clean(scoreTitle)} against trained parameters for {Words.Count(drawn.Length, "method")}" + (best is null ? ""
            : $", the highest being {Words.Clean(best.Name)} with {best.Score:0.###} at {Words.Short(best.TrainedParameters)}");
    }
}
