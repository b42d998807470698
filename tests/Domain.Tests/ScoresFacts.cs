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
        Assert.Equal(("spearman", 1.0), Scores.Of(Stsb, [1.0, 2, 3], [1.0, 4, 9]) is var s ? (s.Primary, Math.Round(s.PrimaryValue, 12)) : default);

    [Fact]
    public void The_higher_score_is_better_and_an_undefined_one_is_worst()
    {
        Scores low = Scores.Of(Stsb, [1.0, 2, 3], [3.0, 2, 1]), high = Scores.Of(Stsb, [1.0, 2, 3], [1.0, 2, 3]), undefined = Scores.Of(Stsb, [1.0, 2, 3], [2.0, 2, 2]);
        Assert.True(low.Beats(null));
        Assert.True(high.Beats(low));
        Assert.False(low.Beats(high));
        Assert.False(high.Beats(high));
        Assert.True(low.Beats(undefined));
        Assert.False(undefined.Beats(low));
    }
}
