using System.Globalization;
using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace LoraDrop.Figures.Drawing;

/// <summary>Plots, axes and parts of them, alike in all figures.</summary>
internal static class Plots
{
    public const double Size = 10.5, TitleSize = 11.5;

    private static readonly int[] Steps = [1, 2, 5, 10, 20, 50, 100];

    public static PlotModel Plot(Theme theme, string? title = null) => new()
    {
        Title = title, TitleFontSize = 12.5, TitleFontWeight = 700, TitleColor = theme.Text, TitlePadding = 4,
        TitleHorizontalAlignment = TitleHorizontalAlignment.CenteredWithinPlotArea, ClipTitle = false,
        DefaultFont = Fonts.Family, DefaultFontSize = Size, TextColor = theme.Muted, Culture = CultureInfo.InvariantCulture,
        PlotAreaBorderColor = theme.Axis, PlotAreaBorderThickness = new(1, 0, 0, 1), Padding = new(0),
        Background = OxyColors.Undefined, PlotAreaBackground = OxyColors.Undefined,
    };

    /// <summary>An axis of numbers.</summary>
    /// <param name="theme">The colours.</param>
    /// <param name="at">Bottom or left.</param>
    /// <param name="title">Title with unit.</param>
    /// <param name="from">The lowest value seen.</param>
    /// <param name="to">The highest value seen.</param>
    /// <param name="format">How labels are written; null: as short as they are exact.</param>
    /// <param name="spacing">About how many pixels lie between two labels.</param>
    public static LinearAxis Numbers(Theme theme, AxisPosition at, string? title, double from, double to,
        Func<double, string>? format = null, double spacing = 40)
    {
        var axis = new LinearAxis { Minimum = from, Maximum = to > from ? to : from + 1, LabelFormatter = format,
            IntervalLength = spacing };
        Dress(axis, theme, at, title);
        axis.MajorGridlineStyle = LineStyle.Solid;
        return axis;
    }

    /// <summary>An axis of whole numbers or names, a unit apart: label i stands at i.</summary>
    /// <param name="theme">The colours.</param>
    /// <param name="at">Bottom or left.</param>
    /// <param name="title">Title with unit.</param>
    /// <param name="labels">A label for each place.</param>
    /// <param name="slot">Pixels between two places.</param>
    public static LinearAxis Places(Theme theme, AxisPosition at, string? title, IReadOnlyList<string> labels, double slot)
    {
        const double longest = 130;
        var widest = labels.Max(label => FontWidths.Regular.Of(Words.Clean(label), Size));
        var upright = at == AxisPosition.Bottom && widest > slot - 4 && labels.Any(label => label.Length > 3);
        var room = at == AxisPosition.Bottom && !upright ? widest : Size * 1.3;
        var every = Steps.FirstOrDefault(step => step * slot >= (room == widest ? widest + 3 : room), 200);
        var angle = upright ? widest > 5 * slot || slot < 25 ? -90 : -35 : 0;
        // a slanted name begins left of its place, where only the width of the axis beside it is left for the first ones
        string[] shown = [.. labels.Select((label, i) =>
            Words.Fitting(label, angle == -35 ? Math.Min(longest, (36 + (i + 0.5) * slot) / 0.82) : longest, Size))];
        var axis = new LinearAxis
        {
            Minimum = -0.5, Maximum = labels.Count - 0.5, MajorStep = every, MinimumMajorStep = 1,
            LabelFormatter = value => Math.Abs(value - Math.Round(value)) < 1e-6 && (int)Math.Round(value) is >= 0 and var i
                && i < shown.Length ? shown[i] : "",
            Angle = angle,
        };
        Dress(axis, theme, at, title);
        axis.MajorTickSize = 0;
        return axis;
    }

    /// <summary>A logarithmic axis with at least two labels.</summary>
    public static LogarithmicAxis Logarithmic(Theme theme, AxisPosition at, string? title, double from, double to, Func<double,
        string> format)
    {
        var axis = new LogTicks { Minimum = from, Maximum = to, LabelFormatter = format };
        Dress(axis, theme, at, title);
        axis.MajorGridlineStyle = LineStyle.Solid;
        return axis;
    }

    /// <summary>Points with error bars of ± sd where there is one.</summary>
    public static void Errors(PlotModel plot, IEnumerable<(double X, double Y, double Sd)> points, OxyColor colour, double stop = 4) =>
        plot.Series.Add(new ScatterErrorSeries
        {
            MarkerType = MarkerType.None, ErrorBarColor = colour, ErrorBarStrokeThickness = 1.4, ErrorBarStopWidth = stop,
            MinimumErrorSize = 0, ItemsSource = points.Where(p => p.Sd > 0).Select(p => new ScatterErrorPoint(p.X, p.Y, 0, 2 * p.Sd))
                .ToList(),
        });

    public static LineSeries Line(IEnumerable<DataPoint> points, OxyColor colour, LineStyle style = LineStyle.Solid,
        MarkerType marker = MarkerType.None)
    {
        var line = new LineSeries
        {
            Color = colour, LineStyle = style, StrokeThickness = 1.8, MarkerType = marker, MarkerFill = colour, MarkerSize = 3.5,
            LineJoin = LineJoin.Round, EdgeRenderingMode = EdgeRenderingMode.PreferGeometricAccuracy,
        };
        line.Points.AddRange(points);
        return line;
    }

    public static TextAnnotation Label(double x, double y, string text, OxyColor colour, double size = 9.5, double rotation = 0,
        HorizontalAlignment across = HorizontalAlignment.Center, VerticalAlignment along = VerticalAlignment.Bottom, double up = 0) => new()
    {
        Text = text, TextPosition = new(x, y), TextColor = colour, FontSize = size, TextRotation = rotation, StrokeThickness = 0,
        Padding = new(0), TextHorizontalAlignment = across, TextVerticalAlignment = along, Offset = new(0, -up),
            Layer = AnnotationLayer.AboveSeries,
    };

    /// <summary>From and to of an axis that shows all values with room on both sides.</summary>
    public static (double From, double To) Around(IReadOnlyCollection<double> values, double room = 0.08)
    {
        if (values.Count == 0) return (0, 1);
        var (low, high) = (values.Min(), values.Max());
        var span = high > low ? high - low : Math.Max(Math.Abs(high) * 0.1, 1e-9);
        return (low - room * span, high + room * span);
    }

    /// <summary>Makes the plot areas of plots that stand one above the other equally wide.</summary>
    public static void Align(params ReadOnlySpan<PlotModel> plots)
    {
        var left = 0.0;
        foreach (var plot in plots) left = Math.Max(left, plot.ActualPlotMargins.Left);
        foreach (var plot in plots) plot.PlotMargins = new(left, double.NaN, double.NaN, double.NaN);
    }

    private static void Dress(Axis axis, Theme theme, AxisPosition at, string? title)
    {
        axis.Position = at;
        axis.Title = title;
        axis.TitleFontSize = TitleSize;
        axis.TitleColor = theme.Text;
        axis.TextColor = theme.Muted;
        axis.FontSize = Size;
        axis.TicklineColor = theme.Axis;
        axis.MajorGridlineColor = theme.Grid;
        axis.MajorTickSize = 4;
        axis.MinorTickSize = 0;
        axis.AxisTitleDistance = 6;
        axis.ClipTitle = false;
        axis.MinimumPadding = axis.MaximumPadding = 0;
    }

    /// <summary>Labels at powers of ten, and where there would be fewer than three of them also at 2 and 5 times, or evenly.</summary>
    private sealed class LogTicks : LogarithmicAxis
    {
        public override void GetTickValues(out IList<double> majorLabelValues, out IList<double> majorTickValues,
            out IList<double> minorTickValues)
        {
            minorTickValues = [];
            majorLabelValues = majorTickValues = new double[][] { [1], [1, 3], [1, 2, 5] }
                .Select(Within).FirstOrDefault(ticks => ticks.Count >= 3, Evenly());
        }

        private List<double> Within(double[] digits)
        {
            var found = new List<double>();
            for (var power = Math.Pow(10, Math.Floor(Math.Log10(ActualMinimum))); power <= ActualMaximum; power *= 10)
                found.AddRange(digits.Select(digit => digit * power).Where(tick => tick >= ActualMinimum * 0.999999
                    && tick <= ActualMaximum * 1.000001));
            return found;
        }

        private List<double> Evenly()
        {
            var rough = (ActualMaximum - ActualMinimum) / 5;
            var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
            var step = power * ((rough / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 });
            var first = Math.Ceiling(ActualMinimum / step);
            return [.. Enumerable.Range(0, (int)(ActualMaximum / step - first) + 1).Select(i => (first + i) * step)];
        }
    }
}
