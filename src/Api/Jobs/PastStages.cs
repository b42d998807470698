using System.Globalization;
using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>What stages that have run tell about one that has not: how many tokens its data has, and how fast it will be.</summary>
internal sealed class PastStages
{
    /// <summary>So many of the newest are looked at: enough for a median.</summary>
    private const int Most = 12;

    /// <summary>The speed of the first steps is that of all; a long run has tens of thousands.</summary>
    private const int StepsLookedAt = 300;

    private readonly IReadOnlyList<Past> _stages;

    private PastStages(IReadOnlyList<Past> stages) => _stages = stages;

    /// <summary>The newest that the caller may see, on the same model and on any.</summary>
    public static async Task<PastStages> ReadAsync(JobsContext db, Caller caller, ModelRow model, CancellationToken cancel)
    {
        var fetched = await db.Models.AsNoTracking().Where(m => m.Source == model.Source).OrderByDescending(m => m.Id).Select(m => m.Id).Take(Most).ToListAsync(cancel); // a branch is fetched anew from time to time
        var done = from stage in db.Stages.AsNoTracking()
                   join job in db.Jobs.AsNoTracking().SeenBy(caller) on stage.JobId equals job.Id
                   where stage.Status == JobStatus.Succeeded && stage.PassTokens > 0 && stage.Device != null
                   orderby job.Id descending
                   select new { Stage = stage, Job = job };
        var same = await done.Where(past => fetched.Contains(past.Job.ModelId)).Take(Most).Select(past => new Found(past.Stage, past.Job.Settings, past.Job.DatasetId, past.Job.Dataset.Sha256, past.Job.Model.Source, past.Job.Model.Facts)).ToListAsync(cancel);
        var others = await done.Where(past => !fetched.Contains(past.Job.ModelId)).Take(Most).Select(past => new Found(past.Stage, past.Job.Settings, past.Job.DatasetId, past.Job.Dataset.Sha256, past.Job.Model.Source, past.Job.Model.Facts)).ToListAsync(cancel);
        var all = same.Concat(others).ToList();
        var jobs = all.Select(found => found.Stage.JobId).Distinct().ToList();
        var speeds = (await db.Metrics.AsNoTracking().Where(m => jobs.Contains(m.JobId) && m.Name == "train/tokens_per_second" && m.Step <= StepsLookedAt)
            .GroupBy(m => new { m.JobId, m.Stage }).Select(g => new { g.Key.JobId, g.Key.Stage, Speed = g.Average(m => m.Value) }).ToListAsync(cancel)).ToDictionary(s => (s.JobId, s.Stage), s => s.Speed);
        return new([.. all.Where(found => speeds.GetValueOrDefault((found.Stage.JobId, found.Stage.Stage)) > 0)
            .Select(found => new Past(found, JsonSerializer.Deserialize<JobRequest>(found.Settings, JsonText.Compact)!, found.Source == model.Source, speeds[(found.Stage.JobId, found.Stage.Stage)]))]);
    }

    /// <summary>Tokens of a pass over the same examples, and the job that counted them; null where none has.</summary>
    public (long Tokens, string From)? PassTokens(JobRequest request, StageWork work, DatasetRow dataset)
    {
        var same = _stages.Where(past => past.SameModel && (past.Dataset == dataset.Id || (dataset.Sha256 is not null && past.DataSha256 == dataset.Sha256)) && past.Settings.Training.MaxLength == request.Training.MaxLength
            && JsonText.Of(past.Settings.Task) == JsonText.Of(request.Task)).ToList();
        if (same.Find(past => past.Stage.Stage == work.Stage && Samples(past.Settings, request, work.Stage)) is { } exact) return (exact.Stage.PassTokens, $"counted by job {exact.Stage.JobId}");
        return null;
    }

    /// <summary>Seconds for so many tokens on one of these devices, and how they were worked out; no seconds where nothing is known.</summary>
    public (double? Seconds, string From) SecondsFor(long tokens, StageWork work, JobRequest request, ModelSummary model, IReadOnlyCollection<string> devices)
    {
        var onDevice = _stages.Where(past => devices.Count == 0 || devices.Contains(past.Stage.Device!)).ToList();
        if (onDevice.Count == 0) return (null, _stages.Count == 0 ? "no stage has run yet whose speed could be taken" : $"no stage has run yet on {string.Join(", ", devices)}");
        var same = onDevice.Where(past => past.SameModel).ToList();
        var close = same.Where(past => past.Stage.Stage == work.Stage && past.Settings.Training.BatchSize == request.Training.BatchSize && past.Settings.Training.MaxLength == request.Training.MaxLength).ToList();
        if (close.Count > 0) return Said(close, 1, "of the same model, stage, batch size and length");
        if (same.Count > 0) return Said(same, 1, "of the same model");
        var scaled = onDevice.Where(past => past.Parameters > 0).ToList();
        if (scaled.Count == 0) return (null, "only stages of models whose size is not known have run");
        var size = Median(scaled.Select(past => (double)past.Parameters));
        return Said(scaled, size / model.Parameters, string.Create(CultureInfo.InvariantCulture, $"of other models, scaled from {size / 1e6:0.#} to {model.Parameters / 1e6:0.#} million parameters"));

        (double?, string) Said(List<Past> past, double scale, string what)
        {
            var speed = Median(past.Select(p => p.TokensPerSecond)) * scale;
            var rest = Median(past.Select(p => p.Rest));
            return (Math.Round(tokens / speed + rest, 1), string.Create(CultureInfo.InvariantCulture,
                $"{speed:0} tokens/s, the median of {past.Count} finished {(past.Count == 1 ? "stage" : "stages")} {what} on {string.Join(", ", past.Select(p => p.Stage.Device).Distinct())}, and {rest:0.#} s for all that is no step"));
        }
    }

    /// <summary>How long a stage lasts as a rule; null where none has run.</summary>
    public double? UsualSeconds => _stages.Count == 0 ? null : Median(_stages.Select(past => past.Wall));

    private static bool Samples(JobRequest past, JobRequest request, Stage stage) => stage == Stage.TaskAdaptation || past.Importance?.SampleRatio == request.Importance?.SampleRatio;

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }

    private sealed record Found(StageRow Stage, string Settings, Guid Dataset, string? DataSha256, string Source, ModelSummary? Facts);

    private sealed record Past(StageRow Stage, JobRequest Settings, bool SameModel, double TokensPerSecond, Guid Dataset, string? DataSha256, long Parameters)
    {
        public Past(Found found, JobRequest settings, bool sameModel, double speed) : this(found.Stage, settings, sameModel, speed, found.Dataset, found.DataSha256, found.Facts?.Parameters ?? 0) { }

        /// <summary>From its start to its end; of a stage that was interrupted too much.</summary>
        public double Wall => (Stage.FinishedAt - Stage.StartedAt)?.TotalSeconds ?? 0;

        /// <summary>Seconds that were no step: loading, evaluations, saving.</summary>
        public double Rest => Math.Max(0, Wall - Stage.PassTokens * (Stage.Epoch ?? 1) / TokensPerSecond);
    }
}
