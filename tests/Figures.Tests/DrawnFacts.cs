using System.Globalization;
using System.Xml.Linq;
using LoraDrop.Domain;
using LoraDrop.Figures.Drawing;

namespace LoraDrop.Figures.Tests;

/// <summary>Each figure draws every value that it is given, leaves out what is not finite and says so, and refuses what makes no
/// sense.</summary>
public sealed class DrawnFacts
{
    private static List<string[]> Rows(Figure figure) =>
        [.. figure.Csv.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(row => row.Split(','))];

    private static double Number(string cell) => double.Parse(cell, CultureInfo.InvariantCulture);

    private static XElement[] Shapes(Figure figure, string name) =>
        [.. XDocument.Parse(figure.Svg).Descendants().Where(e => e.Name.LocalName == name)];

    [Theory]
    [InlineData(1, 1)]
    [InlineData(12, 2)]
    [InlineData(24, 2)]
    [InlineData(80, 7)]
    public void Importance_has_a_bar_and_a_row_for_every_layer(int layers, int types)
    {
        string[] names = ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"];
        var panels = Sample.Importances(layers, names[..types]);
        var figure = ImportanceFigure.Draw(panels, 0.9);
        Assert.Equal(panels.SelectMany(panel => panel.Layers.Select(layer => (panel.Type, layer.Layer, layer.Importance))),
            Rows(figure).Select(row => (row[0], int.Parse(row[1]), Number(row[2]))));
        Assert.True(Shapes(figure, "rect").Length >= layers * types);
        Assert.NotEmpty(figure.Png);
        if (layers > 24) return; // narrower bars have no digits
        Assert.All(panels[0].Layers, layer => Assert.Contains(Words.Importance(layer.Importance), FigureFacts.Texts(figure)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(80)]
    public void A_report_of_any_depth_is_drawn_with_its_histograms(int layers)
    {
        var figure = ImportanceReportFigure.Draw(Sample.Report(layers, ["query"]));
        var texts = FigureFacts.Texts(figure).ToList();
        Assert.All(Enumerable.Range(0, layers), layer => Assert.Contains($"layer {layer}", texts));
        Assert.Contains("T = 0.9", texts);
        Assert.Equal(layers * 30, figure.Csv.Split('\n').Count(row => row.Contains(",norms,")));
        Assert.NotEmpty(figure.Png);
    }

    [Theory]
    [InlineData(Remainder.Share, "shared LoRA", "rgb(180,186,193)")]
    [InlineData(Remainder.None, "no LoRA", "rgb(92,100,109)")]
    public void Bars_wear_the_colour_of_what_their_layer_gets(Remainder remainder, string key, string colour)
    {
        var report = Sample.Report(12, ["query"], remainder: remainder);
        var figure = ImportanceReportFigure.Draw(report);
        Assert.Contains(key, FigureFacts.Texts(figure));
        var own = report.Sites.Count(site => site.Place == Place.Own);
        Assert.True(Shapes(figure, "rect").Count(e =>
            ((string?)e.Attribute("style"))?.Contains("rgb(0,114,178)") == true) > own);
        Assert.Contains(colour, figure.Svg);
    }

    [Fact]
    public void Without_a_threshold_no_threshold_is_drawn() => Assert.DoesNotContain(
        FigureFacts.Texts(ImportanceReportFigure.Draw(Sample.Report(4, ["query"]) with { Threshold = null })), text =>
            text.StartsWith("T ="));

    [Fact]
    public void Ranks_stand_below_their_layers()
    {
        var figure = ImportanceFigure.Draw([new("query", [new(0, 0.25, Place.Shared, 0), new(1, 0.75, Place.Own, 7)])], null);
        Assert.Contains("r 7", FigureFacts.Texts(figure));
        Assert.Contains(FigureFacts.Texts(figure), text => text.Contains("7 ranks in all"));
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(80, false)]
    [InlineData(24, true)]
    public void Histograms_have_a_panel_for_every_layer_and_a_row_for_every_bin(int layers, bool after)
    {
        var norms = Sample.Norms(layers, after);
        var figure = HistogramFigure.Draw("query", norms);
        Assert.Equal(norms.Sum(layer => layer.Norms.Counts.Sum() + (layer.After?.Counts.Sum() ?? 0)),
            Rows(figure).Sum(row => long.Parse(row[5])));
        Assert.All(norms, layer => Assert.Contains($"layer {layer.Layer}", FigureFacts.Texts(figure)));
        Assert.Equal(after, FigureFacts.Texts(figure).Contains("after sharing"));
        Assert.NotEmpty(figure.Png);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(12, 8)]
    [InlineData(80, 20)]
    public void A_heatmap_has_a_cell_for_every_layer_and_column_relative_to_the_column_s_largest(int layers, int columns)
    {
        var panels = Sample.Heatmaps(layers, [.. Enumerable.Range(0, columns).Select(i => $"c{i}")], "query", "value");
        var figure = HeatmapFigure.Draw(panels);
        var rows = Rows(figure);
        Assert.Equal(layers * columns * 2, rows.Count);
        Assert.All(rows.GroupBy(row => (row[0], row[1])), column => Assert.Equal(1, column.Max(row => Number(row[4])), 12));
        Assert.True(Shapes(figure, "rect").Length >= rows.Count + 128, "a cell or a colour of the bar is missing");
        Assert.NotEmpty(figure.Png);
    }

    [Fact]
    public void Cells_are_labelled_where_there_is_room()
    {
        var texts = FigureFacts.Texts(HeatmapFigure.Draw([new("query", [new("RTE", [0.2, 0.4, 0.1]), new("MRPC", [1, 0, 0.5])])])).ToList();
        Assert.All((string[])[".50", "1", ".25", ".00", "RTE", "MRPC"], text => Assert.Contains(text, texts));
    }

    [Fact]
    public void Every_method_is_named_and_no_name_covers_another()
    {
        var methods = Sample.Methods();
        var figure = ParametersFigure.Draw(methods);
        Assert.Equal(methods.Select(m => (m.Name, m.TrainedParameters, m.Score, m.StandardDeviation)), Rows(figure).Select(row =>
            (row.Length == 4 ? row[0] : string.Join(',',
                row[..^3]).Trim('"'), Number(row[^3]), Number(row[^2]), row[^1] is "" ? (double?)null : Number(row[^1]))));
        var places = methods.Select(method => Words.Fitting(method.Name, 220, 11)).Select(name =>
        {
            var text = Shapes(figure, "text").First(e => e.Value == name);
            var at = ((string)text.Attribute("transform")!).Split('(', ',', ')');
            var (x, y) = (Number(at[1]), Number(at[2]));
            return (Left: x, Right: x + FontWidths.Regular.Of(name, 11), Top: y - 9, Bottom: y + 2);
        }).ToList();
        for (var i = 0; i < places.Count; i++)
            for (var j = 0; j < i; j++)
                Assert.False(places[i].Left < places[j].Right && places[j].Left < places[i].Right && places[i].Top < places[j].Bottom
                    && places[j].Top < places[i].Bottom, $"{methods[i].Name} covers {methods[j].Name}");
    }

    [Fact]
    public void Scores_and_kept_layers_by_threshold_are_all_drawn()
    {
        var (scores, kept) = Sample.Thresholds();
        var figure = ThresholdFigure.Draw(scores, kept);
        Assert.Equal(scores.Sum(curve => curve.Points.Count) + kept.Sum(curve => curve.Points.Count), Rows(figure).Count);
        Assert.All((string[])["RTE", "QQP", "layers kept of query", "threshold T", "kept layers"], text =>
            Assert.Contains(text, FigureFacts.Texts(figure)));
        Assert.DoesNotContain("kept layers", FigureFacts.Texts(ThresholdFigure.Draw(scores[..1], [])));
    }

    [Fact]
    public void Bars_of_scores_stand_for_every_task_and_variant()
    {
        var scores = Sample.Scores(Sample.Glue, ["all", "large I only", "small I only"]);
        var figure = GroupedScoresFigure.Draw(scores, "score, %");
        Assert.Equal(scores.Select(score => (score.Task, score.Variant, score.Score)), Rows(figure)
            .Select(row => (row[0], row[1], Number(row[2]))));
        Assert.All(scores, score => Assert.Contains(Words.Score(score.Score), FigureFacts.Texts(figure)));
    }

    [Fact]
    public void An_axis_that_does_not_begin_at_zero_says_so() => Assert.Contains("score (axis begins at 50)",
        FigureFacts.Texts(GroupedScoresFigure.Draw([new("RTE", "all", 79.4), new("RTE", "small", 52)], from: 50)));

    [Fact]
    public void Curves_have_every_point_and_long_ones_keep_their_outline()
    {
        Assert.Equal(3 * 4 * 200, Rows(CurvesFigure.Draw(Sample.Curves(4, 200))).Count);
        var spike = Enumerable.Range(0, 100_000).Select(i => new CurvePoint(i, i == 77_777 ? 9 : 1.0 / (i + 1))).ToList();
        var rows = Rows(CurvesFigure.Draw([new("loss", [new("run", spike)])]));
        Assert.InRange(rows.Count, 600, 1200);
        Assert.Contains(rows, row => row[2] == "77777" && row[3] == "9");
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_value_that_is_not_finite_is_left_out_and_said(double odd)
    {
        const string said = "; 1 value that is not a finite number is left out.";
        Figure[] figures =
        [
            ImportanceFigure.Draw([new("query", [new(0, 0.4, Place.Own), new(1, odd, Place.Shared)])], 0.9),
            HistogramFigure.Draw("query", [new(0, new(0, 1, [1, 2])), new(1, new(0, odd, [1, 2]))]),
            HeatmapFigure.Draw([new("query", [new("RTE", [0.2, odd, 0.1])])]),
            ParametersFigure.Draw([new("a", 1000, 80), new("b", 2000, odd)]),
            ThresholdFigure.Draw([new("RTE", [new(0.9, 80), new(0.8, odd)])], []),
            GroupedScoresFigure.Draw([new("RTE", "all", 80), new("MRPC", "all", odd)]),
            CurvesFigure.Draw([new("loss", [new("run", [new(0, 1), new(1, odd), new(2, 0.5)])])]),
        ];
        Assert.All(figures, figure =>
        {
            Assert.EndsWith(said, figure.AltText);
            Assert.DoesNotContain("NaN", figure.Csv + figure.Svg);
            Assert.DoesNotContain("∞", figure.Csv + figure.Svg);
            Assert.NotEmpty(figure.Png);
        });
    }

    [Fact]
    public void Figures_of_nothing_finite_are_empty_and_say_how_much_is_left_out()
    {
        Figure[] figures =
        [
            ImportanceFigure.Draw([new("query", [new(0, double.NaN, Place.Own), new(1, double.NaN, Place.Shared)])], 0.9),
            HeatmapFigure.Draw([new("query", [new("RTE", [double.NaN, double.NaN])])]),
            ParametersFigure.Draw([new("a", 1000, double.NaN), new("b", double.NaN, 80)]),
            ThresholdFigure.Draw([new("RTE", [new(0.9, double.NaN), new(0.8, double.NaN)])], []),
            GroupedScoresFigure.Draw([new("RTE", "all", double.NaN), new("MRPC", "all", double.NaN)]),
            CurvesFigure.Draw([new("loss", [new("run", [new(0, double.NaN), new(1, double.NaN)])], Logarithmic: true)]),
        ];
        Assert.All(figures, figure =>
        {
            Assert.EndsWith("; 2 values that are not finite numbers are left out.", figure.AltText);
            Assert.NotEmpty(figure.Png);
        });
    }

    public static TheoryData<string, Func<Figure>> Refused => new()
    {
        { "no module type", () => ImportanceFigure.Draw([], 0.9) },
        { "no layer", () => ImportanceFigure.Draw([new("query", [])], 0.9) },
        { "a layer twice", () => ImportanceFigure.Draw([new("query", [new(0, 0.5, Place.Own), new(0, 0.5, Place.Own)])], 0.9) },
        { "a layer below 0", () => ImportanceFigure.Draw([new("query", [new(-1, 0.5, Place.Own)])], 0.9) },
        { "I above 1", () => ImportanceFigure.Draw([new("query", [new(0, 1.5, Place.Own)])], 0.9) },
        { "T = 0", () => ImportanceFigure.Draw([new("query", [new(0, 1, Place.Own)])], 0) },
        { "T is not a number", () => ImportanceFigure.Draw([new("query", [new(0, 1, Place.Own)])], double.NaN) },
        { "a report without sites", () => ImportanceReportFigure.Draw(new(ImportanceScope.PerType, 0.9, 1, 1, [], [])) },
        { "no bins", () => HistogramFigure.Draw("query", [new(0, new(0, 1, []))]) },
        { "a negative count", () => HistogramFigure.Draw("query", [new(0, new(0, 1, [-1]))]) },
        { "only some after sharing", () =>
            HistogramFigure.Draw("query", [new(0, new(0, 1, [1]), new(0, 1, [1])), new(1, new(0, 1, [1]))]) },
        { "columns of unlike length", () => HeatmapFigure.Draw([new("query", [new("a", [1, 2]), new("b", [1])])]) },
        { "two columns of a name", () => HeatmapFigure.Draw([new("query", [new("a", [1]), new("a", [1])])]) },
        { "negative importance", () => HeatmapFigure.Draw([new("query", [new("a", [-1])])]) },
        { "no parameters", () => ParametersFigure.Draw([new("a", 0, 1)]) },
        { "an empty name", () => ParametersFigure.Draw([new(" ", 1, 1)]) },
        { "a negative deviation", () => ParametersFigure.Draw([new("a", 1, 1, -1)]) },
        { "T above 1", () => ThresholdFigure.Draw([new("a", [new(1.1, 1)])], []) },
        { "T twice", () => ThresholdFigure.Draw([new("a", [new(0.9, 1), new(0.9, 2)])], []) },
        { "negative layers", () => ThresholdFigure.Draw([new("a", [new(0.9, 1)])], [new("query", [new(0.9, -1)])]) },
        { "a pair twice", () => GroupedScoresFigure.Draw([new("a", "b", 1), new("a", "b", 2)]) },
        { "an axis above a score", () => GroupedScoresFigure.Draw([new("a", "b", 1)], from: 50) },
        { "a step below 0", () => CurvesFigure.Draw([new("loss", [new("a", [new(-1, 1)])])]) },
        { "a run twice", () => CurvesFigure.Draw([new("loss", [new("a", []), new("a", [])])]) },
    };

    [Theory, MemberData(nameof(Refused), DisableDiscoveryEnumeration = true)]
    public void What_makes_no_sense_is_refused(string what, Func<Figure> draw) =>
        Assert.True(Record.Exception(draw) is ArgumentException { Message.Length: > 10 }, what);
}
