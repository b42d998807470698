using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;
using MathNet.Numerics.Distributions;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>The results of an experiment: each combination of values, over its seeds.</summary>
/// <param name="Experiment">The experiment's id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Preset">The preset that it was made by.</param>
/// <param name="Title">What the preset shows.</param>
/// <param name="Axes">The axes without that of seeds, in order.</param>
/// <param name="Baseline">The values of what the others are compared with.</param>
/// <param name="Complete">Whether every job has succeeded; otherwise rows list what is missing.</param>
/// <param name="Rows">The combinations, in the order of the grid.</param>
public sealed record ExperimentResults(Guid Experiment, string? Name, string? Preset, string? Title, IReadOnlyList<string> Axes,
    IReadOnlyDictionary<string, string>? Baseline, bool Complete, IReadOnlyList<ResultRow> Rows)
{
    /// <summary>The results of an experiment's jobs so far.</summary>
    internal static async Task<ExperimentResults> ReadAsync(JobsContext db, ExperimentRow row, CancellationToken cancel)
    {
        var request = row.Request;
        var jobs = await db.Jobs.AsNoTracking().Where(j => j.ExperimentId == row.Id).OrderBy(j => j.Id).Select(j => new
        {
            j.Id, j.Status, j.Point, j.Settings, j.Result, j.Failure, j.DeletedAt, j.Stages,
        }).ToListAsync(cancel);
        var points = jobs.Select(job => new PointJob(job.Id, Without(job.Point!), JobRequest.Parse(job.Settings).Training.Seed,
            job.DeletedAt is not null ? "deleted" : JsonText.NameOf(job.Status), job.Failure?.Message,
            job.DeletedAt is null && job.Result is { } json ? JsonSerializer.Deserialize<PointResult>(json, JsonText.Compact) : null,
            JobProgress.Seconds(job.Stages))).ToArray();
        string[] axes = [.. request.Grid.Select(axis => axis.Name).Where(axis => axis != ExperimentRequest.SeedAxis)];
        var groups = points.GroupBy(point => KeyOf(point.Values, axes)).ToDictionary(group => group.Key, group => group.ToArray());
        var preset = PaperPresets.Find(request.Preset);
        var ordered = groups.Values.OrderBy(group => PlaceOf(group[0].Values, request.Grid),
            Comparer<int[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b)));
        var rows = ordered.Select(group => ResultRow.Of(group, BaselineOf(group, request, axes, groups), preset)).ToArray();
        return new(row.Id, row.Name, request.Preset, preset?.Title, axes, request.Baseline,
            rows.All(result => result.Missing.Count == 0), rows);
    }

    private static Dictionary<string, string> Without(IReadOnlyDictionary<string, string?> values) =>
        values.Where(value => value.Key != ExperimentRequest.SeedAxis && value.Value is not null)
            .ToDictionary(value => value.Key, value => value.Value!);

    private static string KeyOf(IReadOnlyDictionary<string, string> values, IEnumerable<string> axes) =>
        string.Join('\n', axes.Select(axis => values.GetValueOrDefault(axis)));

    private static int[] PlaceOf(IReadOnlyDictionary<string, string> values, IReadOnlyList<GridAxis> grid) =>
        [.. grid.Where(axis => axis.Name != ExperimentRequest.SeedAxis).Select(axis => values.TryGetValue(axis.Name, out var label)
            ? axis.Values.Index().First(value => value.Item.Label == label).Index : -1)];

    /// <summary>The jobs that a group is compared with: those with the baseline's values, and the group's own on all other axes that apply
    /// to them; null if the group is the baseline, or there is none.</summary>
    private static PointJob[]? BaselineOf(PointJob[] group, ExperimentRequest request, IReadOnlyList<string> axes,
        Dictionary<string, PointJob[]> groups)
    {
        if (request.Baseline is not { } baseline || baseline.All(pair => group[0].Values.GetValueOrDefault(pair.Key) == pair.Value))
            return null;
        return groups.Values.FirstOrDefault(other => axes.All(axis => baseline.TryGetValue(axis, out var wanted)
            ? other[0].Values.GetValueOrDefault(axis) == wanted
            : !other[0].Values.TryGetValue(axis, out var its) || its == group[0].Values.GetValueOrDefault(axis)));
    }
}

/// <summary>One combination of values, over its seeds.</summary>
/// <param name="Values">Its value on each axis; absent where an axis does not apply.</param>
/// <param name="Metric">The task's primary metric.</param>
/// <param name="Seeds">Seeds of the jobs that succeeded.</param>
/// <param name="Scores">The best evaluation of each, on the validation split, in the order of the seeds.</param>
/// <param name="Best">Mean and deviation of <paramref name="Scores"/>, as the paper reports; absent before a job has succeeded.</param>
/// <param name="Last">The same of the last evaluation of each.</param>
/// <param name="Test">The same on the test split, if there is one.</param>
/// <param name="Generated">The same of generated answers, for generation.</param>
/// <param name="Parameters">Mean of trained parameters.</param>
/// <param name="Kept">Mean number of layers that keep a branch of their own, by module type.</param>
/// <param name="Seconds">Mean seconds of all stages of a job, from the first start of each to its end.</param>
/// <param name="SwitchedOff">Scores with branches switched off; absent unless the jobs ask for them.</param>
/// <param name="Against">Comparison with the baseline; absent for the baseline itself, and where there is none.</param>
/// <param name="Paper">The paper's score on this task, in percent.</param>
/// <param name="Missing">Jobs without a result, and why.</param>
/// <param name="Jobs">All jobs.</param>
public sealed record ResultRow(IReadOnlyDictionary<string, string> Values, string? Metric, IReadOnlyList<long> Seeds,
    IReadOnlyList<double> Scores, Spread? Best, Spread? Last, Spread? Test, Spread? Generated, MeanCounts? Parameters,
    IReadOnlyDictionary<string, double>? Kept, double? Seconds, SwitchedOffSpread? SwitchedOff, PairedTest? Against, double? Paper,
    IReadOnlyList<MissingJob> Missing, IReadOnlyList<Guid> Jobs)
{
    internal static ResultRow Of(PointJob[] group, PointJob[]? baseline, PaperPreset? preset)
    {
        var done = group.Where(job => job.Result is not null).OrderBy(job => job.Seed).ToArray();
        var results = done.Select(job => job.Result!).ToArray();
        var values = group[0].Values;
        var (row, task) = (values.GetValueOrDefault(PaperPreset.MethodAxis), values.GetValueOrDefault(PaperPreset.TaskAxis));
        var switched = results.Select(result => result.SwitchedOff).OfType<PointSwitchedOff>().ToArray();
        return new(values, results.FirstOrDefault()?.Scores.Primary, [.. done.Select(job => job.Seed)],
            [.. results.Select(result => result.Scores.PrimaryValue)],
            Spread.Of(results.Select(result => result.Scores.PrimaryValue)),
            Spread.Of(results.Select(result => result.History[^1].Scores.PrimaryValue)),
            Spread.Of(results.Select(result => result.Test?.PrimaryValue).OfType<double>()),
            Spread.Of(results.Select(result => result.Generated?.Scores.PrimaryValue).OfType<double>()),
            results.Length == 0 ? null : new(results.Average(r => r.Parameters.WithoutShared), results.Average(r => r.Parameters.Adapter),
                results.Average(r => r.Parameters.AdapterAndHead)),
            results.Length == 0 ? null : results.SelectMany(r => r.Kept).GroupBy(kept => kept.Key)
                .ToDictionary(type => type.Key, type => type.Sum(kept => (double)kept.Value.Count) / results.Length),
            done.Length == 0 ? null : Math.Round(done.Average(job => job.Seconds), 2),
            switched.Length == 0 ? null : new(Spread.Of(switched.Select(s => s.All))!, Spread.Of(switched.Select(s => s.LargeOnly))!,
                Spread.Of(switched.Select(s => s.SmallOnly))!, Spread.Of(switched.Select(s => s.None))!,
                preset?.ScoreOf(row, task, known => known.LargeOnly), preset?.ScoreOf(row, task, known => known.SmallOnly)),
            baseline is null ? null : PairedTest.Of(group, baseline), preset?.ScoreOf(row, task),
            [.. group.Where(job => job.Result is null).Select(job => new MissingJob(job.Id, job.Seed, job.Status, job.Why))],
            [.. group.Select(job => job.Id)]);
    }
}

/// <summary>Mean and sample standard deviation.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="Deviation">The sample standard deviation (n − 1); absent for one value.</param>
/// <param name="N">The number of values.</param>
public sealed record Spread(double Mean, double? Deviation, int N)
{
    internal static Spread? Of(IEnumerable<double> values)
    {
        double[] all = [.. values.Where(double.IsFinite)];
        if (all.Length == 0) return null;
        var mean = all.Average();
        return new(mean, all.Length < 2 ? null : Math.Sqrt(all.Sum(value => (value - mean) * (value - mean)) / (all.Length - 1)),
            all.Length);
    }
}

/// <summary>Mean numbers of trained parameters.</summary>
/// <param name="WithoutShared">Of the branches of layers that have their own, as the paper counts.</param>
/// <param name="Adapter">Of all branches, shared ones once.</param>
/// <param name="AdapterAndHead">With the head.</param>
public sealed record MeanCounts(double WithoutShared, double Adapter, double AdapterAndHead);

/// <summary>Scores with branches switched off after training (table 3 of the paper).</summary>
/// <param name="All">With every branch.</param>
/// <param name="LargeOnly">With the important layers alone.</param>
/// <param name="SmallOnly">With as many of the least important alone.</param>
/// <param name="None">With none.</param>
/// <param name="PaperLargeOnly">The paper's score with the important alone, in percent.</param>
/// <param name="PaperSmallOnly">The paper's score with the least important alone, in percent.</param>
public sealed record SwitchedOffSpread(Spread All, Spread LargeOnly, Spread SmallOnly, Spread None, double? PaperLargeOnly,
    double? PaperSmallOnly);

/// <summary>A paired comparison with the baseline over the seeds that both have (two-sided t test).</summary>
/// <param name="Seeds">The seeds.</param>
/// <param name="Difference">Mean of the differences of the best scores, this less the baseline.</param>
/// <param name="Deviation">Their sample standard deviation; absent for one pair.</param>
/// <param name="T">t, the mean over its standard error; absent for one pair, or if all differences are equal.</param>
/// <param name="P">Two-sided p of t with n − 1 degrees of freedom; absent with t.</param>
public sealed record PairedTest(IReadOnlyList<long> Seeds, double Difference, double? Deviation, double? T, double? P)
{
    internal static PairedTest? Of(PointJob[] group, PointJob[] baseline)
    {
        var theirs = baseline.Where(job => job.Result is not null).ToDictionary(job => job.Seed, job => job.Result!.Scores.PrimaryValue);
        var pairs = group.Where(job => job.Result is not null && theirs.ContainsKey(job.Seed)).OrderBy(job => job.Seed)
            .Select(job => (job.Seed, Difference: job.Result!.Scores.PrimaryValue - theirs[job.Seed]))
            .Where(pair => double.IsFinite(pair.Difference)).ToArray();
        if (Spread.Of(pairs.Select(pair => pair.Difference)) is not { } spread) return null;
        long[] seeds = [.. pairs.Select(pair => pair.Seed)];
        if (spread.Deviation is not > 0) return new(seeds, spread.Mean, spread.Deviation, null, null);
        var t = spread.Mean / (spread.Deviation.Value / Math.Sqrt(spread.N));
        return new(seeds, spread.Mean, spread.Deviation, t, 2 * StudentT.CDF(0, 1, spread.N - 1, -Math.Abs(t)));
    }
}

/// <summary>A job of an experiment without a result.</summary>
/// <param name="Job">The job.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Status">Its status, or deleted.</param>
/// <param name="Why">Why it failed.</param>
public sealed record MissingJob(Guid Job, long Seed, string Status, string? Why);

/// <summary>What results need of a job.</summary>
internal sealed record PointJob(Guid Id, IReadOnlyDictionary<string, string> Values, long Seed, string Status, string? Why,
    PointResult? Result, double Seconds);

/// <summary>The fields of a run's result.json that results need.</summary>
internal sealed record PointResult(ParameterCounts Parameters, IReadOnlyDictionary<string, IReadOnlyList<int>> Kept, Scores Scores,
    Scores? Test, IReadOnlyList<PointEvaluation> History, PointAnswers? Generated, PointSwitchedOff? SwitchedOff);

internal sealed record PointEvaluation(int Step, Scores Scores);

internal sealed record PointAnswers(Scores Scores);

internal sealed record PointSwitchedOff(double All, double LargeOnly, double SmallOnly, double None);
