using Spectre.Console;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>The permanent lines, the same for a local run and for a service's job.</summary>
internal static class RunLines
{
    public static void Write(IAnsiConsole console, RunEvent.StageStarted started)
    {
        var from = started.FromStep > 0 ? $", going on from step {started.FromStep:N0}" : "";
        console.MarkupLineInterpolated(
            $"[bold]{StageNames.ForPeople(started.Stage)}[/]  {started.Steps:N0} steps over {started.Examples:N0} examples{from}");
        var (adapter, withHead) = (started.Parameters.Adapter, started.Parameters.AdapterAndHead);
        console.MarkupLineInterpolated(
            $"[grey]  {adapter:N0} adapter parameters, {withHead:N0} with the head; {started.PaddingShare:P0} padding[/]");
    }

    public static void Write(IAnsiConsole console, RunEvent.Evaluated evaluated)
    {
        var scores = string.Join("  ", evaluated.Scores.OrderBy(score => score.Key != evaluated.Primary)
            .Select(score => $"{score.Key}={score.Value:0.0000}"));
        console.MarkupLineInterpolated($"  step {evaluated.Step,6:N0}  {scores}[green]{(evaluated.Best ? "  ★ best" : "")}[/]");
    }
}
