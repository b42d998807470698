using System.Globalization;
using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>Estimates tokens and duration of a stage from finished stages.</summary>
internal sealed class PastStages
{
    /// <summary>The most stages to consider: enough for a median.</summary>
    private const int Most = 12;

    /// <summary>The steps to average the speed over; a long run has tens of thousands at the same speed.</summary>
    private const int SpeedSteps = 300;

    private readonly IReadOnlyList<Past> _stages;

    private PastStages(IReadOnlyList<Past> stages) => _stages = stages;

    /// <summary>Reads the newest finished stages the caller may see, of the same model and of others.</summary>
    public static async Task<PastStages> ReadAsync(JobsContext db, Caller caller, ModelRow model, CancellationToken cancel)
    {
        var fetched = await db.Models.AsNoTracking().Where(m => m.Source == model.Source).OrderByDescending(m => m.Id).Select(m => m.Id)
            .Take(Most).ToListAsync(cancel); // a branch is fetched again from time to time
        var done = from stage in db.Stages.AsNoTracking()
                   join job in db.Jobs.AsNoTracking().SeenBy(caller) on stage.JobId equals job.Id
                   where stage.Status == JobStatus.Succeeded && stage.PassTokens > 0 && stage.Device != null
                   orderby job.Id descending
                   select new { Stage = stage, Job = job };
        var same = await done.Where(past => fetched.Contains(past.Job.ModelId)).Take(Most)
            .Select(past => new Found(past.Stage, past.Job.Settings, past.Job.DatasetId, past.Job.Dataset.Sha256, past.Job.Model.Source,
            past.Job.Model.Facts)).ToListAsync(cancel);
        var others = await done.Where(past => !fetched.Contains(past.Job.ModelId)).Take(Most)
            .Select(past => new Found(past.Stage, past.Job.Settings, past.Job.DatasetId, past.Job.Dataset.Sha256, past.Job.Model.Source,
            past.Job.Model.Facts)).ToListAsync(cancel);
        var all = same.Concat(others).ToList();
        var jobs = all.Select(found => found.Stage.JobId).Distinct().ToList();
        var speeds = (await db.Metrics.AsNoTracking()
            .Where(m => jobs.Contains(m.JobId) && m.Name == "train/tokens_per_second" && m.Step <= SpeedSteps)
            .GroupBy(m => new { m.JobId, m.Stage }).Select(g => new { g.Key.JobId, g.Key.Stage, Speed = g.Average(m => m.Value) })
            .ToListAsync(cancel)).ToDictionary(s => (s.JobId, s.Stage), s => s.Speed);
        return new([.. all.Where(found => speeds.GetValueOrDefault((found.Stage.JobId, found.Stage.Stage)) > 0)
            .Select(found => new Past(found, JsonSerializer.Deserialize<JobRequest>(found.Settings, JsonText.Compact)!,
            found.Source == model.Source, speeds[(found.Stage.JobId, found.Stage.Stage)]))]);
    }

    /// <summary>Tokens of one epoch over the same examples, and the job that counted them; null if none has.</summary>
    public (long Tokens, string From)? PassTokens(JobRequest request, StageWork work, DatasetRow dataset)
    {
        var same = _stages.Where(past => past.SameModel
            && (past.Dataset == dataset.Id || (dataset.Sha256 is not null && past.DataSha256 == dataset.Sha256))
            && past.Settings.Training.MaxLength == request.Training.MaxLength
            && JsonText.Of(past.Settings.Task) == JsonText.Of(request.Task)).ToList();
        if (same.Find(past => past.Stage.Stage == work.Stage && Samples(past.Settings, request, work.Stage)) is { } exact)
            return (exact.Stage.PassTokens, $"counted by job {exact.Stage.JobId}");
        return null;
    }

    /// <summary>Estimated seconds for a number of tokens on one of these devices, and how they were estimated; null seconds if
    /// unknown.</summary>
    public (double? Seconds, string From) SecondsFor(long tokens, StageWork work, JobRequest request, ModelSummary model,
        IReadOnlyCollection<string> devices)
    {
        var onDevice = _stages.Where(past => devices.Count == 0 || devices.Contains(past.Stage.Device!)).ToList();
        if (onDevice.Count == 0)
            return (null, _stages.Count == 0
                ? "no stage has finished yet to estimate from"
                : $"no stage has finished yet on {string.Join(", ", devices)}");
        var same = onDevice.Where(past => past.SameModel).ToList();
        var close = same.Where(past => past.Stage.Stage == work.Stage && past.Settings.Training.BatchSize == request.Training.BatchSize
            && past.Settings.Training.MaxLength == request.Training.MaxLength).ToList();
        if (close.Count > 0) return Estimate(close, 1, "of the same model, stage, batch size and length");
        if (same.Count > 0) return Estimate(same, 1, "of the same model");
        var scaled = onDevice.Where(past => past.Parameters > 0).ToList();
        if (scaled.Count == 0) return (null, "only stages of models of unknown size have finished");
        var size = Median(scaled.Select(past => (double)past.Parameters));
        return Estimate(scaled, size / model.Parameters, string.Create(CultureInfo.InvariantCulture,
            $"of other models, scaled from {size / 1e6:0.#} to {model.Parameters / 1e6:0.#} million parameters"));

        (double?, string) Estimate(List<Past> past, double scale, string what)
        {
            var speed = Median(past.Select(p => p.TokensPerSecond)) * scale;
            var rest = Median(past.Select(p => p.Rest));
            return (Math.Round(tokens / speed + rest, 1), string.Create(CultureInfo.InvariantCulture,
                $"{speed:0} tokens/s, the median of {past.Count} finished {(past.Count == 1 ? "stage" : "stages")} "
                + $"{what} on {string.Join(", ", past.Select(p => p.Stage.Device).Distinct())}, plus {rest:0.#} s for "
                + $"loading, evaluation and saving"));
        }
    }

    /// <summary>Median duration of a stage in seconds; null if none has finished.</summary>
    public double? TypicalSeconds => _stages.Count == 0 ? null : Median(_stages.Select(past => past.Wall));

    private static bool Samples(JobRequest past, JobRequest request, Stage stage) =>
        stage == Stage.TaskAdaptation || past.Importance?.SampleRatio == request.Importance?.SampleRatio;

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }

    private sealed record Found(StageRow Stage, string Settings, Guid Dataset, string? DataSha256, string Source, ModelSummary? Facts);

    private sealed record Past(StageRow Stage, JobRequest Settings, bool SameModel, double TokensPerSecond, Guid Dataset,
        string? DataSha256, long Parameters)
    {
        public Past(Found found, JobRequest settings, bool sameModel, double speed)
            : this(found.Stage, settings, sameModel, speed, found.Dataset, found.DataSha256, found.Facts?.Parameters ?? 0) { }

        /// <summary>Seconds from start to end, including interruptions.</summary>
        public double Wall => (Stage.FinishedAt - Stage.StartedAt)?.TotalSeconds ?? 0;

        /// <summary>Seconds outside of training steps: loading, evaluation, saving.</summary>
        public double Rest => Math.Max(0, Wall - Stage.PassTokens * (Stage.Epoch ?? 1) / TokensPerSecond);
    }
}
