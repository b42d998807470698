using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>Builds OpenAI objects from the rows of jobs.</summary>
internal static class FineTuningReading
{
    /// <summary>The jobs, newest first, without those deleted in the meantime.</summary>
    public static async Task<IReadOnlyList<FineTuningJob>> JobsAsync(JobsContext db, IQueryable<JobRow> jobs, DateTimeOffset now,
        CancellationToken cancel)
    {
        var found = await jobs.AsNoTracking().OrderByDescending(j => j.Id).Select(j => new
        {
            Job = j, j.Stages, j.Labels,
            Model = new { Name = j.Model.Name ?? j.Model.FormerName, j.Model.Source, j.Model.Status },
            Dataset = new { Name = j.Dataset.Name ?? j.Dataset.FormerName, j.Dataset.Source, j.Dataset.Status, j.Dataset.TrainFileId,
            j.Dataset.ValidationFileId },
        }).ToListAsync(cancel);
        var done = found.Where(j => j.Job.Status == JobStatus.Succeeded).Select(j => j.Job.Id).ToList();
        var files = done.Count == 0 ? null : (await db.Artifacts.AsNoTracking().Where(a => done.Contains(a.JobId))
            .Select(a => new { a.JobId, a.Name }).ToListAsync(cancel)).ToLookup(a => a.JobId, a => a.Name);
        return [.. found.Select(j =>
        {
            var (job, stages) = (j.Job, j.Stages.OrderBy(s => s.Stage).ToList());
            var settings = JsonSerializer.Deserialize<JobRequest>(job.Settings, JsonText.Compact)!;
            var model = j.Model.Name ?? j.Model.Source;
            var prepares = job.Status == JobStatus.Queued
                && (j.Model.Status == InputStatus.Preparing || j.Dataset.Status == InputStatus.Preparing);
            return new FineTuningJob(
                OpenAiIds.OfJob(job.Id), "fine_tuning.job", model, Seconds(job.CreatedAt), job.FinishedAt is { } finished
                ? Seconds(finished)
                : null,
                JobProgress.SecondsLeft(stages, settings) is { } left && double.IsFinite(left) && left < int.MaxValue ? Seconds(now)
                + (long)Math.Ceiling(left) : null,
                job.Status == JobStatus.Succeeded ? FineTunedModel.NameOf(job.Id, model, job.Name, job.Owner) : null, OwnerOf(job.Owner),
                prepares ? "validating_files" : JsonText.NameOf(job.Status), ErrorOf(job.Failure, settings),
                new(settings.Training.Epochs, settings.Training.BatchSize,
                Math.Round(settings.Training.LearningRate / FineTuningRequest.DefaultRate(settings.Task), 6)), MethodOf(settings),
                JobMoves.IsEnd(job.Status) ? stages.Sum(TrainedTokens) : null,
                j.Dataset.TrainFileId is { } train ? OpenAiIds.OfFile(train) : j.Dataset.Name ?? j.Dataset.Source,
                j.Dataset.ValidationFileId is { } validation ? OpenAiIds.OfFile(validation) : null,
                files is null ? [] : [.. files[job.Id].Order(StringComparer.Ordinal).Select(name => OpenAiIds.OfResult(job.Id, name))],
                settings.Training.Seed, JobReading.LabelsOf(j.Labels), []);
        })];
    }

    /// <summary>A page of a job's events, newest first.</summary>
    public static async Task<Page<FineTuningEvent>> EventsAsync(JobsContext db, Guid job, long? before, int limit, CancellationToken cancel)
    {
        var events = db.Events.AsNoTracking().Where(e => e.JobId == job);
        if (before is { } last) events = events.Where(e => e.Id < last);
        var page = await events.OrderByDescending(e => e.Id).PageAsync(limit, cancel);
        var evaluations = page.Rows.Where(row => row is { Type: EventType.Evaluated, Data: not null })
            .ToDictionary(row => row.Id, row => JsonSerializer.Deserialize<Evaluated>(row.Data!, JsonText.Compact)!);
        var losses = await LossesAsync(db, job, [.. evaluations.Values.Select(e => e.Step)], cancel);
        var steps = await db.Stages.AsNoTracking().Where(s => s.JobId == job).ToDictionaryAsync(s => s.Stage, s => s.Steps, cancel);
        return page.Select(row => evaluations.TryGetValue(row.Id, out var evaluated)
            ? EventOf(row, "metrics",
            JsonSerializer.SerializeToElement(MetricsOf(evaluated.Step, evaluated.Scores,
            losses.TryGetValue((evaluated.Stage, evaluated.Step), out var loss) ? loss : null, steps.GetValueOrDefault(evaluated.Stage))))
            : EventOf(row, "message", EventView.Of(row).Data));
    }

    /// <summary>A page of checkpoints of task adaptation, newest first.</summary>
    public static async Task<Page<FineTuningCheckpoint>> CheckpointsAsync(JobsContext db, Guid job, string model, int? before, int limit,
        CancellationToken cancel)
    {
        var checkpoints = db.Checkpoints.AsNoTracking().Where(c => c.JobId == job && c.Stage == Stage.TaskAdaptation);
        if (before is { } last) checkpoints = checkpoints.Where(c => c.Step < last);
        var page = await checkpoints.OrderByDescending(c => c.Step).PageAsync(limit, cancel);
        var losses = await LossesAsync(db, job, [.. page.Rows.Select(row => row.Step)], cancel);
        return page.Select(row => new FineTuningCheckpoint(OpenAiIds.OfCheckpoint(job, row.Step), "fine_tuning.job.checkpoint",
            Seconds(row.At), OpenAiIds.OfJob(job), $"{model}:ckpt-step-{row.Step}", row.Step,
            MetricsOf(row.Step, row.Scores ?? [], losses.TryGetValue((row.Stage, row.Step), out var loss) ? loss : null, null)));
    }

    public static long Seconds(DateTimeOffset at) => at.ToUnixTimeSeconds();

    /// <summary>The owner, or "loradrop" on a service without owners: OpenAI's fields are required.</summary>
    public static string OwnerOf(string owner) => owner == Caller.Nobody ? "loradrop" : owner;

    private static FineTuningEvent EventOf(EventRow row, string type, JsonElement? data) => new(
        OpenAiIds.OfEvent(row.Id), "fine_tuning.job.event", Seconds(row.At), row.Level == EventLevel.Warning
        ? "warn"
        : JsonText.NameOf(row.Level), type, row.Message, data);

    private static Dictionary<string, double> MetricsOf(int step, IReadOnlyDictionary<string, double> scores, double? trainLoss, int? steps)
    {
        var metrics = new Dictionary<string, double> { ["step"] = step };
        if (steps is > 0) metrics["total_steps"] = steps.Value;
        if (trainLoss is { } loss) metrics["train_loss"] = loss;
        foreach (var (name, value) in ApiJson.Finite(scores))
            metrics[name == "loss" ? "full_valid_loss" : $"valid_{name.Replace('-', '_')}"] = value;
        return metrics;
    }

    private static async Task<Dictionary<(Stage, int), double>> LossesAsync(JobsContext db, Guid job, IReadOnlyList<int> steps,
        CancellationToken cancel) => steps.Count == 0 ? []
        : await db.Metrics.AsNoTracking().Where(m => m.JobId == job && m.Name == "train/loss" && steps.Contains(m.Step))
        .ToDictionaryAsync(m => (m.Stage, m.Step), m => m.Value, cancel);

    private static long TrainedTokens(StageRow stage) => (long)Math.Round(stage.PassTokens * (stage.Epoch ?? 0));

    private static FineTuningMethod MethodOf(JobRequest settings)
    {
        var all = JsonSerializer.SerializeToElement(settings, ApiJson.Options);
        var own = FineTuningRequest.Sections(settings.Method).Where(section => all.TryGetProperty(section, out _))
            .ToDictionary(section => section, all.GetProperty);
        return new(settings.Method.Name)
        {
            Settings = new Dictionary<string, JsonElement>
            {
                [FineTuningRequest.SectionOf(settings.Method)] = JsonSerializer.SerializeToElement(own),
            },
        };
    }

    private static FineTuningError? ErrorOf(Failure? failure, JobRequest settings) =>
        failure is null ? null : new(failure.Code, failure.Message, failure.Code switch
    {
        FailureCode.ModelFailed or FailureCode.ModelChanged => "model",
        FailureCode.DatasetFailed or FailureCode.DatasetChanged => FileAt(failure) ?? "training_file",
        _ when failure.Faults is not [var first, ..] => null,
        _ when FileAt(failure) is { } file => file,
        _ when failure.Faults[0].Path.StartsWith("task", StringComparison.Ordinal) => "training_file",
        _ => $"method.{FineTuningRequest.SectionOf(settings.Method)}.{failure.Faults[0].Path}",
    });

    /// <summary>The file with the first fault; paths of data faults start with the file name.</summary>
    private static string? FileAt(Failure failure) => failure.Faults is not [var first, ..] ? null
        : first.Path.StartsWith("train.", StringComparison.Ordinal)
        ? "training_file"
        : first.Path.StartsWith("validation.", StringComparison.Ordinal) ? "validation_file" : null;

    /// <summary>The fields read from an evaluation's event.</summary>
    private sealed record Evaluated(Stage Stage, int Step, IReadOnlyDictionary<string, double> Scores);
}
