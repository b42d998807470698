using System.Text.Json;
using LoraDrop.Api;
using LoraDrop.Domain;
using Spectre.Console;

namespace LoraDrop.Cli;

/// <summary>Shows a job's details.</summary>
internal static class JobPageView
{
    private static readonly JsonSerializerOptions Indented = new(ApiJson.Options) { WriteIndented = true };

    public static void Write(IAnsiConsole console, JobView job)
    {
        console.MarkupLineInterpolated($"[bold]{job.Name ?? job.Id.ToString()}[/]");
        console.Write(Fields(Head(job)));
        console.WriteLine();
        PlainTable.Write(console, ["stage", "status", ">step", ">of", ">loss", "metric", ">trained", "started", "finished", "note"],
            job.Stages.Select(Row));
        if (job.Result is { } result)
            SummaryLines.Write(console, result.Scores, result.Test, result.Parameters, result.LoraParameters, result.BestStep,
            result.Generated is { } answers ? (answers.Split, answers.Prompts, answers.Scores) : null);
        if (job.Error is { } error) Write(console, error);
        console.WriteLine();
        console.MarkupLine("[bold]settings[/]");
        console.WriteLine(JsonSerializer.Serialize(job.Settings, Indented));
    }

    private static IEnumerable<(string Name, string? Value)> Head(JobView job) =>
    [
        ("id", $"{job.Id}"),
        ("status",
        $"{JsonText.NameOf(job.Status)}{(job.CancelRequestedAt is not null && !JobMoves.IsEnd(job.Status) ? ", asked to stop" : "")}"),
        ("stage", $"{StageNames.ForPeople(job.Stage)}, {job.Progress:P0} of the "
        + $"whole{(job.SecondsLeft is { } left ? $", {Words.Duration(left)} left" : "")}"),
        ("queue", job.QueuePosition is { } position ? $"position {position:N0}" : null),
        ("waits for", job.WaitingFor is { } waits ? string.Join(" and ", waits) : null),
        ("method", job.Method.Name),
        ("model", Whole(job.Model)),
        ("dataset", Whole(job.Dataset)),
        ("labels", job.Labels.Count > 0 ? string.Join(", ", job.Labels.Select(label => $"{label.Key}={label.Value}")) : null),
        ("created", Words.Time(job.CreatedAt)),
        ("started", job.StartedAt is null ? null : Words.Time(job.StartedAt)),
        ("finished", job.FinishedAt is null ? null : Words.Time(job.FinishedAt)),
        ("service", job.Version),
    ];

    private static string Whole(InputReference input) =>
        $"{(input.Name is null ? "" : $"{input.Name}  ")}{input.Source}{(input.Sha256 is null ? "" : $"  sha256 {input.Sha256}")}";

    private static Grid Fields(IEnumerable<(string Name, string? Value)> fields)
    {
        var grid = new Grid();
        grid.AddColumn(new GridColumn { NoWrap = true, Padding = new(2, 0, 2, 0) });
        grid.AddColumn(new GridColumn { Padding = new(0, 0, 0, 0) });
        foreach (var (name, value) in fields.Where(field => field.Value is not null))
            grid.AddRow(new Text(name, Style.Parse("grey")), new Text(value!));
        return grid;
    }

    private static IReadOnlyList<string?> Row(StageView stage) =>
    [
        StageNames.ForPeople(stage.Stage), JsonText.NameOf(stage.Status), stage.Steps > 0 ? $"{stage.Step:N0}" : null, stage.Steps > 0
        ? $"{stage.Steps:N0}"
        : null,
        stage.Loss is { } loss ? $"{loss:0.0000}" : null, stage.Metric is { } metric
        ? $"{metric.Name} {metric.Value:0.0000}, best {metric.Best:0.0000} at {metric.BestStep:N0}"
        : null,
        stage.Parameters is { } parameters ? $"{parameters.Adapter:N0}" : null, Words.Time(stage.StartedAt), Words.Time(stage.FinishedAt),
        Note(stage),
    ];

    private static string? Note(StageView stage) => stage switch
    {
        { ReusedFrom: { } other } => $"importance of job {other}",
        { Attempt: > 1 } => $"attempt {stage.Attempt}, {stage.Interruptions} interrupted",
        _ => null,
    };

    private static void Write(IAnsiConsole console, FailureView error)
    {
        console.MarkupLineInterpolated($"[red]{error.Code}[/]  {error.Message}");
        foreach (var fault in error.Faults ?? []) console.MarkupLineInterpolated($"  {fault.ToString()}");
    }
}
