using LoraDrop.Domain;

namespace LoraDrop.Cli.Tests;

public sealed class ProgressViewFacts
{
    private readonly Clock _clock = new();

    private Written After(bool terminal, Action<ProgressView> run)
    {
        var written = new Written(terminal);
        using (var view = new ProgressView(written.Console, _clock)) run(view);
        return written;
    }

    [Fact]
    public void A_log_gets_a_line_every_five_seconds_and_the_last_step()
    {
        var written = After(terminal: false, view =>
        {
            for (var step = 1; step <= 600; step++)
            {
                view.Report(Sample.Step(step));
                _clock.Pass(0.02);
            }
        });
        Assert.Equal(["1/600", "251/600", "501/600", "600/600"],
            written.Lines.Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]));
        Assert.Equal("step      1/600  epoch 0.0  loss 0.5000  lr 3.2e-4  8,112 tokens/s  2:13 left", written.Lines[0]);
    }

    [Fact]
    public void A_log_holds_no_control_codes_and_folds_no_line()
    {
        var path = new string('x', 200);
        var written = After(terminal: false, view =>
        {
            view.Report(Sample.Started());
            view.Report(new RunEvent.CheckpointSaved(Stage.TaskAdaptation, 5, path));
        });
        Assert.DoesNotContain('\e', written.Text);
        Assert.EndsWith(path, written.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void An_evaluation_leads_with_the_metric_that_chooses_and_marks_the_best()
    {
        var written = After(terminal: false, view =>
        {
            view.Report(Sample.Evaluated(best: true));
            view.Report(Sample.Evaluated(best: false));
        });
        Assert.Equal(["step    100  accuracy=0.8125  loss=0.4000  ★ best", "step    100  accuracy=0.8125  loss=0.4000"], written.Lines);
    }

    [Fact]
    public void A_resumed_stage_says_where_it_goes_on() =>
        Assert.Contains("Task adaptation  600 steps over 2,490 examples, going on from step 40",
            After(terminal: false, view => view.Report(Sample.Started(40))).Lines);

    [Fact]
    public void A_terminal_redraws_two_lines_in_place()
    {
        var written = After(terminal: true, view =>
        {
            view.Report(Sample.Step(300));
            _clock.Pass(1);
            view.Report(Sample.Step(450));
        });
        var frames = written.Text.Split("\r\e[2K\e[1A\e[2K");
        Assert.Equal(2, frames.Length);
        Assert.All(frames, frame => Assert.Equal(2, frame.TrimEnd('\n').Split('\n').Length));
        Assert.All(frames[0].Split('\n'), line => Assert.InRange(line.Length, 1, 79));
        Assert.StartsWith("Task adaptation  ━━━", frames[0], StringComparison.Ordinal);
        Assert.Contains("300/600  50 %", frames[0]);
    }

    [Fact]
    public void A_terminal_is_not_redrawn_more_often_than_the_eye_sees()
    {
        var written = After(terminal: true, view =>
        {
            for (var step = 1; step <= 100; step++)
            {
                view.Report(Sample.Step(step));
                _clock.Pass(0.01);
            }
        });
        Assert.Equal(10, written.Text.Split("Task adaptation").Length - 1);
    }

    [Fact]
    public void What_is_worth_keeping_scrolls_above_the_living_lines()
    {
        var written = After(terminal: true, view =>
        {
            view.Report(Sample.Step(100));
            view.Report(Sample.Evaluated(best: true));
        });
        var frames = written.Text.Split("\r\e[2K\e[1A\e[2K");
        Assert.Matches("^  step .*★ best\n+Task adaptation", frames[1]);
    }

    [Fact]
    public void Brackets_in_a_path_are_text() =>
        Assert.Contains("runs/[a]/5",
            After(terminal: false, view => view.Report(new RunEvent.CheckpointSaved(Stage.TaskAdaptation, 5, "runs/[a]/5"))).Text);

    [Theory]
    [InlineData(42, "0:42")]
    [InlineData(725, "12:05")]
    [InlineData(3723, "1:02:03")]
    [InlineData(double.NaN, "–")]
    public void Durations_read_like_a_clock(double seconds, string text) => Assert.Equal(text, Words.Duration(seconds));
}
