using System.Xml.Linq;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

public sealed class ImportanceChartFacts
{
    private static readonly string[] Seven = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

    private static XElement[] Drawn(ImportanceReport report, string type) =>
        [.. XDocument.Parse(ImportanceChart.Svg(report)).Descendants()
            .Where(e => ((string?)e.Attribute("class") ?? "").Split(' ').Contains(type))];

    [Theory]
    [InlineData(4, 1)]
    [InlineData(12, 2)]
    [InlineData(32, 6)]
    [InlineData(80, 7)]
    public void Every_site_has_one_bar_one_value_one_dot_and_one_panel(int layers, int types)
    {
        var report = SampleReport.Of(layers, Seven[..types]);
        foreach (var part in (string[])["bar", "value", "dot", "panel"]) Assert.Equal(layers * types, Drawn(report, part).Length);
        Assert.Equal(types, Drawn(report, "module-type").Length);
    }

    [Theory]
    [InlineData(Remainder.Share, "shared")]
    [InlineData(Remainder.None, "none")]
    public void Bars_wear_the_colour_of_what_their_layer_gets(Remainder remainder, string under)
    {
        var report = SampleReport.Of(12, ["query", "value"], remainder);
        var bars = Drawn(report, "bar").Select(bar => (string?)bar.Attribute("class"));
        Assert.Equal(report.Sites.Select(site => site.Place == Place.Own ? "bar own" : $"bar {under}"), bars);
    }

    [Fact]
    public void Names_are_escaped()
    {
        const string name = "a<b> & \"c\"";
        Assert.Contains(Drawn(SampleReport.Of(4, [name]), "type"), heading => heading.Value == name);
    }

    [Fact]
    public void A_chart_says_what_it_shows_in_words()
    {
        var report = SampleReport.Of(4, ["query"]);
        var svg = XDocument.Parse(ImportanceChart.Svg(report)).Root!;
        Assert.Equal("img", (string?)svg.Attribute("role"));
        Assert.Contains($"layer 3 I = {report.Sites[3].I:0.000}", svg.Element(Shape.Svg + "desc")!.Value);
    }

    [Fact]
    public void Without_a_threshold_no_threshold_is_drawn() =>
        Assert.Empty(Drawn(SampleReport.Of(4, ["query"]) with { Threshold = null }, "threshold"));

    [Fact]
    public void Bars_stay_within_their_plot()
    {
        foreach (var bar in Drawn(SampleReport.Of(80, ["query"]), "bar"))
            Assert.True((double)bar.Attribute("height")! is >= 0 and <= 130 && (double)bar.Attribute("y")! >= 0);
    }
}
