using LoraDrop.Engine;
using Spectre.Console;

namespace LoraDrop.Cli;

/// <summary>Shows a run to a person: two lines that live at the bottom of a terminal, and above them what is worth keeping.</summary>
/// <remarks>Where the output is no terminal, a plain line every five seconds takes the place of the living ones.</remarks>
internal sealed class ProgressView : IRunView
{
    private static readonly TimeSpan BetweenFrames = TimeSpan.FromMilliseconds(100), BetweenLines = TimeSpan.FromSeconds(5);

    private readonly IAnsiConsole _console;
    private readonly TimeProvider _clock;
    private readonly bool _live;
    private RunEvent.StepDone? _step;
    private long? _shown;
    private bool _drawn;

    public ProgressView(IAnsiConsole console, TimeProvider clock)
    {
        (_console, _clock) = (console, clock);
        _live = console.Profile.Capabilities is { Ansi: true, Interactive: true };
        if (!_live) console.Profile.Width = 1000; // the lines of a log are not folded
    }

    public void Report(RunEvent happened)
    {
        if (happened is RunEvent.StepDone step)
        {
            _step = step;
            if (Due() || step.Step == step.Steps) Show(step);
            return;
        }
        if (happened is RunEvent.StageStarted) (_step, _shown) = (null, null);
        Erase();
        Keep(happened);
        if (_live && _step is { } running && running.Step < running.Steps) Show(running);
    }

    /// <summary>Leaves the last state of the two lines in place and the cursor below them.</summary>
    public void Dispose()
    {
        if (_drawn) _console.WriteLine();
        _drawn = false;
    }

    private void Keep(RunEvent happened)
    {
        switch (happened)
        {
            case RunEvent.StageStarted started:
                var from = started.FromStep > 0 ? $", going on from step {started.FromStep:N0}" : "";
                _console.MarkupLineInterpolated($"[bold]{Words.Of(started.Stage)}[/]  {started.Steps:N0} steps over {started.Examples:N0} examples{from}");
                _console.MarkupLineInterpolated($"[grey]  {started.Parameters.Adapter:N0} adapter parameters, {started.Parameters.AdapterAndHead:N0} with the head; {started.PaddingShare:P0} padding[/]");
                break;
            case RunEvent.Evaluated evaluated:
                var scores = string.Join("  ", evaluated.Scores.OrderBy(score => score.Key != evaluated.Primary).Select(score => $"{score.Key}={score.Value:0.0000}"));
                _console.MarkupLineInterpolated($"  step {evaluated.Step,6:N0}  {scores}[green]{(evaluated.Best ? "  ★ best" : "")}[/]");
                break;
            case RunEvent.ImportanceMeasured measured:
                ImportanceView.Write(_console, measured.Report);
                break;
            case RunEvent.CheckpointSaved saved:
                _console.MarkupLineInterpolated($"[grey]  step {saved.Step,6:N0}  checkpoint {saved.Path}[/]");
                break;
            case RunEvent.Remark remark:
                _console.MarkupLineInterpolated($"[yellow]![/] {remark.Text}");
                break;
        }
    }

    private bool Due() => _shown is not { } shown || _clock.GetElapsedTime(shown) >= (_live ? BetweenFrames : BetweenLines);

    private void Show(RunEvent.StepDone step)
    {
        _shown = _clock.GetTimestamp();
        var numbers = $"epoch {step.Epoch:0.0}  loss {step.Loss:0.0000}  lr {step.LearningRate:0.0e+0}  {step.TokensPerSecond:N0} tokens/s  {Words.Duration(step.SecondsLeft)} left";
        if (_live) Draw(step, numbers);
        else _console.WriteLine($"  step {step.Step,6:N0}/{step.Steps:N0}  {numbers}");
    }

    /// <summary>Two lines, cut to the width: a line that wraps could not be erased again.</summary>
    private void Draw(RunEvent.StepDone step, string numbers)
    {
        Erase();
        var (name, count) = ($"{Words.Of(step.Stage)}  ", $"  {step.Step:N0}/{step.Steps:N0}  {(double)step.Step / step.Steps:P0}");
        var width = Math.Max(0, _console.Profile.Width - 1 - name.Length - count.Length);
        var done = (int)((long)width * step.Step / step.Steps);
        _console.WriteLine(Cut(name + new string('━', done) + new string('─', width - done) + count));
        _console.Write(Cut(numbers));
        _drawn = true;
    }

    private string Cut(string text) => text[..Math.Min(text.Length, _console.Profile.Width - 1)];

    private void Erase()
    {
        if (_drawn) _console.Write(new ControlCode("\r\e[2K\e[1A\e[2K"));
        _drawn = false;
    }
}
