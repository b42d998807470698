using LoraDrop.Figures.Drawing;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace LoraDrop.Figures;

/// <summary>The score of one variant on one task.</summary>
/// <param name="Task">The task.</param>
/// <param name="Variant">The variant.</param>
/// <param name="Score">The score, in the unit of the axis.</param>
/// <param name="StandardDeviation">Standard deviation over seeds, at least 0, or null if there is one run.</param>
public sealed record TaskScore(string Task, string Variant, double Score, double? StandardDeviation = null);

/// <summary>Grouped bars of score by task and variant with ± one standard deviation (the paper's tables 3 and 5 as a picture).</summary>
public static class GroupedScoresFigure
{
    /// <summary>Draws it. Tasks and variants stand in the order in which they first come.</summary>
    /// <param name="scores">The scores; each pair of task and variant at most once.</param>
    /// <param name="scoreTitle">What the score is, with its unit: "accuracy, %".</param>
    /// <param name="from">Where the axis begins, below every score. Bars that do not begin at 0 exaggerate differences, so the axis
    /// says it.</param>
    /// <param name="style">How it looks.</param>
    /// <exception cref="ArgumentException">A rule above is broken.</exception>
    public static Figure Draw(IReadOnlyList<TaskScore> scores, string scoreTitle = "score", double from = 0, FigureStyle? style = null)
    {
        Check(scores, scoreTitle, from);
        var (page, input) = (new Page(style ?? FigureStyle.Default, "Score by task and variant"), new Input());
        string[] tasks = [.. scores.Select(score => score.Task).Distinct()];
        string[] variants = [.. scores.Select(score => score.Variant).Distinct()];
        (TaskScore Score, double Sd)[] drawn = [.. scores.Where(score => input.Draws(score.Score))
            .Select(score => (score, score.StandardDeviation is { } sd && input.Draws(sd) ? sd : 0))];
        var csv = new CsvTable("task", "variant", "score", "standard_deviation");
        foreach (var (score, sd) in drawn) csv.Row(score.Task, score.Variant, score.Score, sd > 0 ? sd : null);

        var theme = page.Theme;
        page.Legend([.. variants.Select((variant, i) => Key.OfBox(variant, theme.SeriesAt(i)))]);
        var plot = Plots.Plot(theme);
        var slot = (page.Inner - 60) / tasks.Length;
        var bar = Math.Min(0.84 / variants.Length, 46 / slot);
        var lowest = drawn.Select(found => found.Score.Score - found.Sd).DefaultIfEmpty().Min();
        var low = Math.Min(from, lowest < 0 ? lowest * 1.05 : from);
        var high = drawn.Select(found => found.Score.Score + found.Sd).DefaultIfEmpty(from + 1).Max();
        var (size, upright) = (9.5, bar * slot < 26);
        plot.Axes.Add(Plots.Places(theme, AxisPosition.Bottom, "task", tasks, slot));
        var title = Words.Clean(scoreTitle) + (from == 0 ? "" : $" (axis begins at {from:0.###})");
        var room = upright && bar * slot >= 9 ? 0.16 : 0.09; // for the values above the bars
        plot.Axes.Add(Plots.Numbers(theme, AxisPosition.Left, title, low, high + room * Math.Max(high - low, 1e-9)));
        foreach (var (i, variant) in variants.Index())
        {
            var found = drawn.Where(pair => pair.Score.Variant == variant)
                .Select(pair => (X: Middle(pair.Score), pair.Score.Score, pair.Sd)).ToList();
            var bars = new RectangleBarSeries
            {
                FillColor = theme.SeriesAt(i), StrokeColor = theme.Page, StrokeThickness = variants.Length * tasks.Length > 60 ? 0 : 1,
            };
            foreach (var (x, score, _) in found)
                bars.Items.Add(new(x - bar / 2, Math.Min(from, score), x + bar / 2, Math.Max(from, score)));
            plot.Series.Add(bars);
            foreach (var (x, score, sd) in found)
                if (bar * slot >= 9)
                    plot.Annotations.Add(upright
                        ? Plots.Label(x, score + sd, Words.Score(score), theme.Muted, Math.Min(size, bar * slot), -90,
                            HorizontalAlignment.Left, VerticalAlignment.Middle, up: 7)
                        : Plots.Label(x, score + sd, Words.Score(score), theme.Muted, size, up: 4));
        }
        Plots.Errors(plot, drawn.Select(found => (Middle(found.Score), found.Score.Score, found.Sd)), theme.Text,
            Math.Clamp(bar * slot / 4, 2, 5));
        plot.PlotMargins = new(double.NaN, double.NaN, 8, double.NaN); // slanted names reach to the left alone
        page.Place(plot, Page.Margin, page.Y, page.Inner, 360);
        page.Y += 366;
        return new(page, csv.ToString(), Seen(drawn.Select(found => found.Score), tasks, variants, scoreTitle) + input.End());

        double Middle(TaskScore score) =>
            Array.IndexOf(tasks, score.Task) + (Array.IndexOf(variants, score.Variant) - (variants.Length - 1) / 2.0) * bar;
    }

    private static void Check(IReadOnlyList<TaskScore> scores, string scoreTitle, double from)
    {
        Input.Some(scores, "score");
        Input.Named([scoreTitle], "score");
        if (!double.IsFinite(from)) throw new ArgumentException($"an axis begins at a finite number; got {from}");
        var seen = new HashSet<(string, string)>();
        foreach (var score in scores)
        {
            Input.Named([score.Task], "task");
            Input.Named([score.Variant], "variant");
            Input.Deviation(score.StandardDeviation, $"{score.Task}, {score.Variant}");
            if (!seen.Add((score.Task, score.Variant))) throw new ArgumentException($"{score.Task}, {score.Variant} is given twice");
            if (from != 0 && score.Score < from
                && double.IsFinite(score.Score))
                throw new ArgumentException($"{score.Task}, {score.Variant}: the axis begins above {score.Score}");
        }
    }

    private static string Seen(IEnumerable<TaskScore> scores, string[] tasks, string[] variants, string scoreTitle)
    {
        var means = scores.GroupBy(score => score.Variant)
            .Select(variant => $"{Words.Clean(variant.Key)} {variant.Average(score => score.Score):0.###}").ToList();
        return $"Bars of {Words.Clean(scoreTitle)} by {Words.Count(tasks.Length, "task")} and {Words.Count(variants.Length, "variant")}"
            + (means.Count == 0 ? "" : $", with these means: {Words.List(means)}");
    }
}
