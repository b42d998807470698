using Spectre.Console;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Shows a run's progress: two live lines at the bottom of a terminal, and permanent lines above.</summary>
/// <remarks>If the output is not a terminal, a plain line every five seconds replaces the live ones.</remarks>
internal sealed class ProgressView : IRunView
{
    private readonly IAnsiConsole _console;
    private readonly LiveLines _lines;
    private RunEvent.StepDone? _step;

    public ProgressView(IAnsiConsole console, TimeProvider clock) => (_console, _lines) = (console, new(console, clock));

    public void Report(RunEvent happened)
    {
        if (happened is RunEvent.StepDone step)
        {
            _step = step;
            if (_lines.Due || step.Step == step.Steps) Show(step);
            return;
        }
        if (happened is RunEvent.StageStarted)
        {
            _step = null;
            _lines.Begin();
        }
        _lines.Erase();
        Keep(happened);
        if (_lines.Live && _step is { } running && running.Step < running.Steps) Show(running);
    }

    public void Dispose() => _lines.Dispose();

    private void Keep(RunEvent happened)
    {
        switch (happened)
        {
            case RunEvent.StageStarted started:
                RunLines.Write(_console, started);
                break;
            case RunEvent.Evaluated evaluated:
                RunLines.Write(_console, evaluated);
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

    private void Show(RunEvent.StepDone step)
    {
        var numbers = $"epoch {step.Epoch:0.0}  loss {step.Loss:0.0000}  lr {step.LearningRate:0.0e+0}  "
            + $"{step.TokensPerSecond:N0} tokens/s  {Words.Duration(step.SecondsLeft)} left";
        if (_lines.Live)
            _lines.Draw(StageNames.ForPeople(step.Stage), (double)step.Step / step.Steps, $"{step.Step:N0}/{step.Steps:N0}", numbers);
        else _lines.Log($"  step {step.Step,6:N0}/{step.Steps:N0}  {numbers}");
    }
}
