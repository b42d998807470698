using System.Text.Json;
using LoraDrop.Api;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Spectre.Console;

namespace LoraDrop.Cli;

/// <summary>Shows a job's progress as <see cref="ProgressView"/> shows a run's: permanent lines above, live lines below.</summary>
/// <param name="console">The output.</param>
/// <param name="clock">The clock for frames.</param>
/// <param name="hint">Text below the state of a waiting job.</param>
internal sealed class JobProgressView(IAnsiConsole console, TimeProvider clock, string hint) : IJobView
{
    private readonly LiveLines _lines = new(console, clock);
    private Api.ProgressView? _progress;
    private string? _waits;
    private string _metric = "";
    private double? _best;

    public void Report(Followed followed)
    {
        if (followed is Followed.Progressed progressed)
        {
            _progress = progressed.Progress;
            Show(progressed.Progress);
            return;
        }
        _lines.Erase();
        Keep(followed);
        if (_lines.Live && followed is Followed.Happened && _progress is { } progress) Show(progress);
    }

    public void Dispose() => _lines.Dispose();

    private void Keep(Followed followed)
    {
        switch (followed)
        {
            case Followed.Happened { Event: var happened }:
                Keep(happened);
                break;
            case Followed.Lost lost:
                console.MarkupLineInterpolated(
                    $"[yellow]![/] the service does not answer; waiting up to {lost.Patience.TotalSeconds:0} s for it");
                break;
            case Followed.Back:
                console.MarkupLine("the service answers again");
                break;
        }
    }

    private void Keep(EventView happened)
    {
        switch (happened.Type)
        {
            case EventType.Succeeded or EventType.Failed or EventType.Cancelled: // the end is summed up when it has come
                break;
            case EventType.StageStarted when Data<RunEvent.StageStarted>(happened) is { } started:
                RunLines.Write(console, started);
                (_metric, _best) = ("", null);
                _lines.Begin();
                break;
            case EventType.Evaluated when Data<RunEvent.Evaluated>(happened) is { } evaluated:
                RunLines.Write(console, evaluated);
                Remember(evaluated);
                break;
            default:
                Write(happened);
                break;
        }
    }

    private void Write(EventView happened)
    {
        if (happened.Level == EventLevel.Info) console.MarkupLineInterpolated($"[grey]  {happened.Message}[/]");
        else console.MarkupLineInterpolated($"[yellow]![/] {happened.Message}");
    }

    private void Remember(RunEvent.Evaluated evaluated)
    {
        var score = evaluated.Scores[evaluated.Primary];
        if (evaluated.Best) _best = score;
        _metric = $"  {evaluated.Primary} {score:0.0000}{(_best is { } best && best != score ? $" (best {best:0.0000})" : "")}";
    }

    private void Show(Api.ProgressView progress)
    {
        if (progress.Status == JobStatus.Running && progress.Steps > 0)
        {
            _waits = null;
            if (_lines.Due || progress.Step == progress.Steps) ShowSteps(progress);
        }
        else if (!JobMoves.IsEnd(progress.Status)) ShowWaiting(WordsFor(progress));
    }

    private void ShowSteps(Api.ProgressView progress)
    {
        var left = progress.SecondsLeft is { } seconds ? $"  {Words.Duration(seconds)} left" : "";
        var speed = progress.TokensPerSecond is { } tokens ? $"  {tokens:N0} tokens/s" : "";
        var numbers = $"loss {progress.Loss:0.0000}{_metric}{speed}{left}  whole job {progress.Progress:P0}";
        if (_lines.Live)
            _lines.Draw(StageNames.ForPeople(progress.Stage), (double)progress.Step / progress.Steps,
                $"{progress.Step:N0}/{progress.Steps:N0}", numbers);
        else _lines.Log($"  step {progress.Step,6:N0}/{progress.Steps:N0}  {numbers}");
    }

    /// <summary>In a log, each waiting state is one line.</summary>
    private void ShowWaiting(string words)
    {
        if (_lines.Live) _lines.Draw(words, hint);
        else if (words != _waits) _lines.Log($"  {words}");
        _waits = words;
    }

    private static string WordsFor(Api.ProgressView progress) => progress switch
    {
        { Status: JobStatus.Paused } => "paused; loradrop jobs resume lets it go on",
        { Status: JobStatus.Running } => $"{StageNames.ForPeople(progress.Stage)} starts",
        { QueuePosition: { } position } => $"{StageNames.ForPeople(progress.Stage)} waits in the queue, position {position:N0}",
        _ => "waits until its model and its dataset are ready",
    };

    /// <summary>The event's numbers; null if another version of the service writes them differently, then its message is shown.</summary>
    private static T? Data<T>(EventView happened) where T : class
    {
        try
        {
            return happened.Data?.Deserialize<T>(JsonText.Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
