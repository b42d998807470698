using System.Globalization;
using LoraDrop.Api;
using LoraDrop.Domain;
using Spectre.Console;

namespace LoraDrop.Cli;

/// <summary>Shows an estimate of a job's time and memory.</summary>
internal static class EstimateLines
{
    public static void Write(IAnsiConsole console, EstimateView estimate)
    {
        foreach (var fault in estimate.Faults) console.MarkupLineInterpolated($"[red]{fault.Path}[/]: {fault.Message}");
        if (estimate.WaitingFor is { } waits)
            console.MarkupLineInterpolated(
                $"not known yet: {string.Join(" and ", waits)}. Register it, or submit the job, to have it fetched");
        if (estimate.Parameters is { } parameters) console.MarkupLineInterpolated($"{Trained(parameters)}");
        if (estimate.Stages.Count > 0)
            PlainTable.Write(console, ["stage", ">examples", ">steps", ">tokens", ">GiB", ">time"],
                estimate.Stages.Select(stage => (IReadOnlyList<string?>)
                [StageNames.ForPeople(stage.Stage), Number(stage.Examples), Number(stage.Steps), stage.Tokens is { } tokens
                ? Number(tokens)
                : null, stage.MemoryGiB?.ToString("0.0", CultureInfo.InvariantCulture), stage.Seconds is { } seconds
                ? Words.Duration(seconds)
                : null]));
        foreach (var why in estimate.Stages.Select(stage => stage.SecondsFrom).Distinct()) console.MarkupLineInterpolated($"time: {why}");
        if (estimate.Seconds is { } total) console.MarkupLineInterpolated($"together {Words.Duration(total)}");
        var delay = estimate.Queue.Seconds is { } wait ? $", a wait of {Words.Duration(wait)}" : "";
        console.MarkupLineInterpolated($"place in the queue: {estimate.Queue.Position}{delay} ({estimate.Queue.SecondsFrom})");
        foreach (var worker in estimate.Workers)
            console.MarkupLineInterpolated(
                $"worker {worker.Id} ({worker.Device}, {worker.MemoryGiB:0.0} GiB): {(worker.Fits ? "could take it" : worker.Why)}");
    }

    private static string Trained(ParameterEstimate parameters) => parameters.Kept is { } kept
        ? $"{Number(kept.Adapter)} adapter parameters by the importance of job {kept.From}; ordinary LoRA "
        + $"trains {Number(parameters.Lora)}, the model has {Number(parameters.Model)}"
        : parameters.Least == parameters.Most
            ? $"{Number(parameters.Most)} adapter parameters; ordinary LoRA trains {Number(parameters.Lora)}, the "
            + $"model has {Number(parameters.Model)}"
            : $"{Number(parameters.Least)} to {Number(parameters.Most)} adapter parameters, as the importance will "
            + $"say; ordinary LoRA trains {Number(parameters.Lora)}, the model has {Number(parameters.Model)}";

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
