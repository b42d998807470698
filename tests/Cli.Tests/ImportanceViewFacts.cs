using LoraDrop.Domain;

namespace LoraDrop.Cli.Tests;

public sealed class ImportanceViewFacts
{
    private static string[] Lines(ImportanceReport report)
    {
        var written = new Written();
        ImportanceView.Write(written.Console, report);
        return written.Lines;
    }

    [Fact]
    public void Layers_are_marked_by_what_they_get()
    {
        Assert.Equal(["●", "○", "●", "○"], Lines(Sample.Report)[2..6].Select(line => line[..1]));
        Assert.Equal(["●", "·", "●", "·"], Lines(Sample.Of([0.7, 0.02, 0.25, 0.03], Remainder.None))[2..6].Select(line => line[..1]));
    }

    [Fact]
    public void A_layer_shows_its_I_and_the_sum_that_the_cut_sees()
    {
        var third = Lines(Sample.Report)[4].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["●", "2", "0.250", "0.950"], third[..4]);
    }

    [Fact]
    public void Bars_are_as_long_as_I_is_large()
    {
        var bars = Lines(Sample.Of([0.5, 0.25, 0.25]))[2..5].Select(line => line.Count(letter => letter == '█'));
        Assert.Equal([48, 24, 24], bars);
    }

    [Fact]
    public void No_line_is_wider_than_80_columns() => Assert.All(Lines(Sample.Report), line => Assert.InRange(line.Length, 0, 80));

    [Fact]
    public void Remarks_follow_and_brackets_in_them_are_text() =>
        Assert.Equal("! keeps [one]", Lines(Sample.Report with { Remarks = ["keeps [one]"] })[^1]);
}
