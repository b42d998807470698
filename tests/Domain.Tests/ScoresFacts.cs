namespace LoraDrop.Domain.Tests;

public sealed class ScoresFacts
{
    private static readonly TaskSettings Cola = TaskPreset.Find("glue/cola")!.Task;
    private static readonly TaskSettings Stsb = TaskPreset.Find("glue/stsb")!.Task;

    [Fact]
    public void The_task_says_which_figures_there_are_and_which_one_counts()
    {
        var scores = Scores.Of(Cola, [0, 1, 1, 0], [0, 1, 0, 0]);
        Assert.Equal(["accuracy", "f1", "matthews"], scores.Values.Keys.Order());
        Assert.Equal(ClassificationMetrics.Matthews([0, 1, 1, 0], [0, 1, 0, 0]), scores.PrimaryValue);
    }

    [Fact]
    public void Regression_is_scored_by_rank_correlation() =>
        Assert.Equal(("spearman", 1.0), Scores.Of(Stsb, [1.0, 2, 3], [1.0, 4, 9]) is var s
            ? (s.Primary, Math.Round(s.PrimaryValue, 12))
            : default);

    [Fact]
    public void The_higher_score_is_better_and_an_undefined_one_beats_nothing()
    {
        Scores low = Scores.Of(Stsb, [1.0, 2, 3], [3.0, 2, 1]), high = Scores.Of(Stsb, [1.0, 2, 3], [1.0, 2, 3]),
            undefined = Scores.Of(Stsb, [1.0, 2, 3], [2.0, 2, 2]);
        Assert.True(high.Beats(low));
        Assert.False(low.Beats(high));
        Assert.False(high.Beats(high));
        Assert.False(low.Beats(undefined));
        Assert.False(undefined.Beats(low));
    }

    [Fact]
    public void A_figure_that_tells_nothing_apart_says_why()
    {
        Assert.Null(Scores.Of(Stsb, [1.0, 2], [2.0, 1]).Undefined);
        Assert.Equal("there is only one row", Scores.Of(Stsb, [1.0], [2.0]).Undefined);
        Assert.Equal("all labels are equal", Scores.Of(Stsb, [2.5, 2.5], [2.0, 1]).Undefined);
        Assert.Equal("all predictions are equal", Scores.Of(Stsb, [1.0, 2], [2.0, 2]).Undefined);
        Assert.Equal("all labels have the same class", Scores.Of(Cola, [1, 1], [0, 1]).Undefined);
        Assert.Null(Scores.Of(Cola, [0, 1], [1, 1]).Undefined);
        Assert.Equal("no label has the class acceptable", Scores.Of(Cola with { Metric = Metric.F1 }, [0, 0], [0, 1]).Undefined);
        Assert.Null(Scores.Of(Cola with { Metric = Metric.Accuracy }, [0, 0], [0, 1]).Undefined);
        Assert.NotNull(Scores.OfLoss(1000).Undefined);
        Assert.Null(Scores.OfLoss(3).Undefined);
    }
}
