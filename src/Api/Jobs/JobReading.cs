using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>Builds a job's view from its rows.</summary>
internal static class JobReading
{
    /// <summary>The job, or null if it does not exist.</summary>
    /// <remarks>The state is read first, so the view can only be newer than its ETag; the next poll corrects that.</remarks>
    public static async Task<JobView?> ReadAsync(JobsContext db, Guid id, JobState state, CancellationToken cancel)
    {
        var found = await db.Jobs.AsNoTracking().Where(j => j.Id == id && j.DeletedAt == null).Select(j => new
        {
            Job = j,
            j.Stages,
            j.Labels,
            Model = new { j.Model.Name, j.Model.FormerName, j.Model.Source, j.Model.Status, j.Model.Facts },
            Dataset = new { j.Dataset.Name, j.Dataset.FormerName, j.Dataset.Source, j.Dataset.Status, j.Dataset.Sha256 },
        }).SingleOrDefaultAsync(cancel);
        return found is null ? null : View(found.Job, found.Stages, found.Labels, state,
            new(found.Model.Name ?? found.Model.FormerName, found.Model.Source, found.Model.Status, found.Model.Facts?.Sha256),
            new(found.Dataset.Name ?? found.Dataset.FormerName, found.Dataset.Source, found.Dataset.Status, found.Dataset.Sha256));
    }

    /// <summary>The view of a job that was just stored. Reading it back would be most of the work of a submission.</summary>
    public static JobView Of(JobRow job, JobState state) => View(job, job.Stages, job.Labels, state,
        new(job.Model.Name ?? job.Model.FormerName, job.Model.Source, job.Model.Status, job.Model.Facts?.Sha256),
        new(job.Dataset.Name ?? job.Dataset.FormerName, job.Dataset.Source, job.Dataset.Status, job.Dataset.Sha256));

    /// <summary>The job's current stage: the first that has not succeeded, else the last.</summary>
    public static Stage CurrentStage(IReadOnlyList<StageRow> stages) =>
        (stages.FirstOrDefault(s => s.Status != JobStatus.Succeeded) ?? stages[^1]).Stage;

    public static SortedDictionary<string, string> LabelsOf(IEnumerable<LabelRow> labels) =>
        new(labels.ToDictionary(l => l.Name, l => l.Value), StringComparer.Ordinal);

    public static FailureView? FailureOf(Failure? failure) =>
        failure is null ? null : new(failure.Code, failure.Message, failure.Faults.Count > 0 ? failure.Faults : null);

    private static JobView View(JobRow job, IEnumerable<StageRow> rows, IEnumerable<LabelRow> labels, JobState state, Input model,
        Input dataset)
    {
        var (id, stages) = (job.Id, rows.OrderBy(s => s.Stage).ToList());
        var settings = JsonSerializer.Deserialize<JobRequest>(job.Settings, JsonText.Compact)!;
        var waits = JobMoves.IsEnd(job.Status) ? [] : new[] { ("model", model.Status), ("dataset", dataset.Status) }.Where(i =>
            i.Item2 != InputStatus.Ready).Select(i => i.Item1).Concat(job.Held ? ["experiment"] : []).ToList();
        return new(
            id, job.Name, Views.Owner(job.Owner), job.Status, CurrentStage(stages), JobProgress.Of(stages),
            ApiJson.Finite(JobProgress.SecondsLeft(stages, settings)), state.QueuePosition, waits.Count > 0 ? waits : null,
            job.Method, new(job.ModelId, model.Name, model.Source, model.Sha256),
            new(job.DatasetId, dataset.Name, dataset.Source, dataset.Sha256),
            settings, [.. stages.Select(ViewOf)], job.Result is null ? null : ResultOf(job.Result), FailureOf(job.Failure),
            LabelsOf(labels), job.ServiceVersion, job.ClonedFrom, job.CreatedAt, job.StartedAt, job.FinishedAt, job.CancelRequestedAt,
            job.PauseRequestedAt, LinksOf(id, stages.Any(stage => stage.Stage == Stage.ImportanceEvaluation)));
    }

    private static StageView ViewOf(StageRow stage) => new(
        stage.Stage, stage.Status, stage.Attempt, stage.Interruptions, stage.Failures, stage.LeaseOwner,
        Math.Round(JobProgress.Of(stage), 4), stage.Step, stage.Steps,
        ApiJson.Finite(stage.Epoch), ApiJson.Finite(stage.Loss), ApiJson.Finite(stage.LearningRate), ApiJson.Finite(stage.TokensPerSecond),
        ApiJson.Finite(stage.SecondsLeft),
        MetricOf(stage), stage.Parameters, stage.QueuedAt, stage.StartedAt, stage.FinishedAt, stage.ReusedFrom);

    /// <summary>The metric that selects a stage's best checkpoint; null until it is measured.</summary>
    public static MetricView? MetricOf(StageRow stage) => stage.Metric is null ? null
        : new(stage.Metric, ApiJson.Finite(stage.Score), ApiJson.Finite(stage.BestScore), stage.BestStep);

    private static ResultView ResultOf(string json)
    {
        var result = JsonSerializer.Deserialize<StoredResult>(json, JsonText.Compact)!;
        return new(ApiJson.Finite(result.Scores.Values), result.Scores.Primary, result.Test is { } test
            ? ApiJson.Finite(test.Values)
            : null,
            result.Parameters, result.LoraParameters, result.Kept, result.BestStep,
            result.Generated is { } answers ? new(answers.Split, answers.Prompts, ApiJson.Finite(answers.Scores.Values),
            answers.Scores.Primary) : null);
    }

    private static JobLinks LinksOf(Guid id, bool measures) => new(
        $"/jobs/{id}", measures ? $"/jobs/{id}/importance" : null, $"/jobs/{id}/metrics", $"/jobs/{id}/events",
        $"/jobs/{id}/events/stream",
        $"/jobs/{id}/checkpoints", $"/jobs/{id}/artifacts", $"/jobs/{id}/evaluations");

    /// <summary>The displayed fields of a model or dataset.</summary>
    private sealed record Input(string? Name, string Source, InputStatus Status, string? Sha256);

    /// <summary>The displayed fields of a run's result.json.</summary>
    private sealed record StoredResult(
        ParameterCounts Parameters, long LoraParameters, IReadOnlyDictionary<string, IReadOnlyList<int>> Kept, int BestStep,
        StoredScores Scores, StoredScores? Test, StoredAnswers? Generated);

    private sealed record StoredAnswers(string Split, int Prompts, StoredScores Scores);

    private sealed record StoredScores(IReadOnlyDictionary<string, double> Values, string Primary);
}
