using System.Buffers.Binary;
using System.Xml.Linq;
using SkiaSharp;

namespace LoraDrop.Figures.Tests;

/// <summary>What holds for all figures.</summary>
public sealed class FigureFacts
{
    public static TheoryData<string> Names => [.. Sample.All().Select(figure => figure.Name)];

    private static Figure Draw(string name, FigureStyle? style = null) =>
        Sample.All().Single(figure => figure.Name == name).Draw(style ?? FigureStyle.Default);

    internal static IEnumerable<string> Texts(Figure figure) =>
        XDocument.Parse(figure.Svg).Descendants().Where(e => e.Name.LocalName == "text").Select(e => e.Value);

    [Theory, MemberData(nameof(Names))]
    public void The_same_input_gives_the_same_bytes(string name)
    {
        var (one, other) = (Draw(name), Draw(name));
        Assert.Equal(one.Svg, other.Svg);
        Assert.Equal(one.Png, other.Png);
        Assert.Equal((one.Csv, one.AltText), (other.Csv, other.AltText));
    }

    [Theory, MemberData(nameof(Names))]
    public void Drawing_the_PNG_first_does_not_change_the_SVG(string name)
    {
        var (one, other) = (Draw(name), Draw(name));
        _ = one.Png;
        Assert.Equal(other.Svg, one.Svg);
    }

    [Theory, MemberData(nameof(Names))]
    public void A_PNG_has_the_asked_size_and_is_not_blank(string name)
    {
        var figure = Draw(name, new(Width: 700, PngScale: 3));
        Assert.Equal(700, figure.Width);
        Assert.Equal((2100, figure.Height * 3), (BinaryPrimitives.ReadInt32BigEndian(figure.Png.AsSpan(16)),
            BinaryPrimitives.ReadInt32BigEndian(figure.Png.AsSpan(20))));
        using var bitmap = SKBitmap.Decode(figure.Png);
        Assert.True(bitmap.Pixels.Distinct().Take(20).Count() == 20, "fewer than 20 colours");
        Assert.All(bitmap.Pixels, pixel => Assert.Equal(255, pixel.Alpha));
    }

    [Theory, MemberData(nameof(Names))]
    public void Texts_lie_within_the_picture(string name)
    {
        // in pixels that are not the page's colour, along the four edges
        foreach (var width in (int[])[480, 900, 1600])
        {
            var figure = Draw(name, new(Width: width, PngScale: 1));
            using var bitmap = SKBitmap.Decode(figure.Png);
            for (var x = 0; x < bitmap.Width; x++)
                Assert.Equal((SKColors.White, SKColors.White), (bitmap.GetPixel(x, 0), bitmap.GetPixel(x, bitmap.Height - 1)));
            for (var y = 0; y < bitmap.Height; y++)
                Assert.Equal((SKColors.White, SKColors.White), (bitmap.GetPixel(0, y), bitmap.GetPixel(bitmap.Width - 1, y)));
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Axes_have_titles_and_the_page_a_heading(string name)
    {
        var figure = Draw(name);
        var texts = XDocument.Parse(figure.Svg).Descendants().Where(e => e.Name.LocalName == "text").ToList();
        Assert.Contains(texts, text => ((string?)text.Attribute("font-size"))?.StartsWith("17", StringComparison.Ordinal) == true);
        Assert.Contains(texts, text => ((string?)text.Attribute("transform"))?.Contains("rotate(-90") == true);
        Assert.Contains(texts, text => text.Value is "layer" or "task" or "step" or "threshold T" or "sample ratio α"
            || text.Value.StartsWith("trained parameters") || text.Value.StartsWith("‖ΔWx‖²"));
    }

    [Theory, MemberData(nameof(Names))]
    public void A_dark_figure_has_a_dark_page_and_light_text(string name)
    {
        var svg = Draw(name, new(Dark: true)).Svg;
        Assert.Contains("rgb(20,24,29)", svg);
        Assert.Contains("rgb(242,244,246)", svg);
        Assert.NotEqual(Draw(name).Svg, svg);
    }

    [Theory, MemberData(nameof(Names))]
    public void An_SVG_says_what_it_shows_and_refers_to_nothing_outside(string name)
    {
        var figure = Draw(name);
        var root = XDocument.Parse(figure.Svg).Root!;
        Assert.Equal("img", (string?)root.Attribute("role"));
        Assert.Equal(figure.AltText, root.Elements().Single(e => e.Name.LocalName == "desc").Value);
        Assert.DoesNotContain(root.DescendantsAndSelf().Attributes(), a => a.Name.LocalName is "href" or "src");
        Assert.DoesNotContain(root.Descendants(), e => e.Name.LocalName is "image" or "script" or "use");
        Assert.EndsWith(".", figure.AltText);
        Assert.DoesNotContain('\n', figure.AltText);
    }

    [Fact]
    public void A_heading_of_the_caller_s_replaces_the_figure_s_own()
    {
        var figure = ParametersFigure.Draw(Sample.Methods(), style: new(Title: "RoBERTa-base on GLUE", Subtitle: "five seeds"));
        Assert.Contains("RoBERTa-base on GLUE", Texts(figure));
        Assert.Contains("five seeds", Texts(figure));
    }

    [Theory]
    [InlineData(479, 1)]
    [InlineData(4001, 1)]
    [InlineData(900, 0)]
    [InlineData(900, 5)]
    public void A_style_beyond_its_ranges_is_refused(int width, int scale) => Assert.Throws<ArgumentException>(() =>
        ParametersFigure.Draw(Sample.Methods(), style: new(Width: width, PngScale: scale)));

    [Theory]
    [InlineData("a<b> & \"c\"", "a<b> & \"c\"")]
    [InlineData("数据集", "数据集")]
    [InlineData("two\nlines", "two lines")]
    [InlineData("null \0", "null \ufffd")]
    [InlineData("W_{q}^{2}", "W_\u200b{q}^\u200b{2}")]
    public void Names_of_any_characters_are_drawn(string name, string drawn)
    {
        var figure = ParametersFigure.Draw([new(name, 1000, 1), new("b", 2000, 2)]);
        Assert.Contains(drawn, Texts(figure));
        Assert.NotEmpty(figure.Png);
    }

    [Fact]
    public void Half_a_character_is_drawn_as_an_unknown_one() =>
        Assert.Contains("half \ufffd", Texts(ParametersFigure.Draw([new($"half {'\ud800'}", 1000, 1)])));
}
