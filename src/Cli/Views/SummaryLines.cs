using LoraDrop.Domain;
using Spectre.Console;

namespace LoraDrop.Cli;

/// <summary>The results of a run or a job.</summary>
internal static class SummaryLines
{
    public static void Write(IAnsiConsole console, IReadOnlyDictionary<string, double> scores, IReadOnlyDictionary<string, double>? test,
        ParameterCounts parameters, long loraParameters, int bestStep,
        (string Split, int Prompts, IReadOnlyDictionary<string, double> Scores)? answers = null)
    {
        console.MarkupLineInterpolated($"[bold]best[/] at step {bestStep:N0}: {Listed(scores)}");
        if (test is not null) console.MarkupLineInterpolated($"[bold]test[/] {Listed(test)}");
        if (answers is var (split, prompts, generated))
            console.MarkupLineInterpolated($"[bold]answers[/] to {prompts:N0} prompts of {split}: {Listed(generated)}");
        console.MarkupInterpolated(
            $"trained {parameters.Adapter:N0} adapter parameters ({parameters.WithoutShared:N0} without the shared pairs, ");
        console.MarkupLineInterpolated($"{parameters.AdapterAndHead:N0} with the head); LoRA would train {loraParameters:N0}");
    }

    private static string Listed(IReadOnlyDictionary<string, double> scores) =>
        string.Join("  ", scores.Select(score => $"{score.Key} {score.Value:0.0000}"));
}
