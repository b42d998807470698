using System.Text;
using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Figures;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>The figures of an experiment or of jobs.</summary>
/// <param name="Items">The figures that the jobs give so far.</param>
public sealed record FigureList(IReadOnlyList<FigureView> Items);

/// <summary>A figure of an experiment or of jobs.</summary>
/// <param name="Name">Its name.</param>
/// <param name="AltText">What is seen, in a sentence.</param>
/// <param name="Svg">Path of the picture as SVG; `?dark=true` for dark pages.</param>
/// <param name="Png">Path of the picture as PNG.</param>
/// <param name="Csv">Path of what is drawn, as CSV.</param>
public sealed record FigureView(string Name, string AltText, string Svg, string Png, string Csv);

/// <summary>Draws the results of an experiment: scores, scores against parameters and T, importance by layer, and histograms of
/// ‖ΔWx‖².</summary>
internal static class ExperimentFigures
{
    /// <summary>Every figure that the jobs give so far, by its name.</summary>
    public static async Task<IReadOnlyList<KeyValuePair<string, Figure>>> DrawAsync(JobsContext db, ExperimentRow row, bool dark,
        CancellationToken cancel)
    {
        var results = await ExperimentResults.ReadAsync(db, row, cancel);
        var style = new FigureStyle(dark);
        var scored = results.Rows.Where(result => result.Best is not null).ToArray();
        var figures = new List<KeyValuePair<string, Figure>>();
        void Add(string name, Figure figure) => figures.Add(new(name, figure));
        if (scored.Length > 1)
            Add("scores", GroupedScoresFigure.Draw([.. scored.SelectMany(ScoresOf)], "score × 100", style: style));
        foreach (var task in scored.GroupBy(TaskOf).Where(task => task.Count() > 1))
            Add(Slug("parameters", task.Key), ParametersFigure.Draw(
                [.. task.Where(result => result.Parameters!.Adapter > 0).Select(result => new MethodScore(VariantOf(result),
                    result.Parameters!.Adapter, 100 * result.Best!.Mean, 100 * result.Best.Deviation))],
                $"{task.First().Metric} × 100", style with { Title = task.Key.Length > 0 ? task.Key : null }));
        var measured = await MeasuredAsync(db, row, results, cancel);
        if (Thresholds(scored, measured) is { Count: > 0 } curves)
            Add("threshold", ThresholdFigure.Draw(curves, KeptBy(measured), "score × 100", style));
        Measured[] columns = [.. measured.DistinctBy(one => one.By)]; // rows that share an evaluation once, under the first one's name
        if (columns.Length > 1)
        {
            var byTask = columns.Select(one => VariantOf(one.Row)).Distinct().Count() == 1;
            foreach (var type in columns.SelectMany(one => one.Types).Distinct())
                Add(Slug("importance", type), HeatmapFigure.Draw([new(type, [.. columns.Select(one =>
                    new HeatmapColumn(byTask ? TaskOf(one.Row) : one.Name, one.ImportanceOf(type)))])], byTask ? "task" : "job", style));
        }
        foreach (var one in columns)
        {
            var of = style with { Title = one.Name };
            Add(Slug("layers", one.Name), ImportanceFigure.Draw(JobFigures.Panels(one.Sites), one.Threshold, of));
            foreach (var type in one.Types)
                Add(Slug("norms", $"{one.Name} {type}"), HistogramFigure.Draw(type, [.. one.Sites.Where(site => site.Type == type)
                    .Select(site => new LayerNorms(site.Layer, site.Norms, one.AfterOf(site), site.Place))],
                    style with { Title = $"{one.Name}: {type}" }));
        }
        return figures;
    }

    /// <summary>A score, or those of table 3's rows.</summary>
    private static IEnumerable<TaskScore> ScoresOf(ResultRow row)
    {
        yield return Of(row.SwitchedOff?.All ?? row.Generated ?? row.Best!, "");
        if (row.SwitchedOff is not { } off) yield break;
        yield return Of(off.LargeOnly, ", large I only");
        yield return Of(off.SmallOnly, ", small I only");
        yield return Of(off.None, ", none");
        TaskScore Of(Spread spread, string which) => new(TaskOf(row) is { Length: > 0 } task ? task : row.Metric!,
            VariantOf(row) + which, 100 * spread.Mean, 100 * spread.Deviation);
    }

    private static string TaskOf(ResultRow row) =>
        row.Values.GetValueOrDefault(PaperPreset.TaskAxis) ?? row.Values.GetValueOrDefault("dataset") ?? "";

    /// <summary>Its values on all other axes.</summary>
    private static string VariantOf(ResultRow row) => string.Join(", ", row.Values
        .Where(value => value.Key is not (PaperPreset.TaskAxis or "dataset")).Select(value => value.Value)) is { Length: > 0 } named
            ? named
            : "all";

    /// <summary>What was measured for each row, of its first job that has measured.</summary>
    private static async Task<IReadOnlyList<Measured>> MeasuredAsync(JobsContext db, ExperimentRow row, ExperimentResults results,
        CancellationToken cancel)
    {
        var jobs = await db.Jobs.AsNoTracking().Where(j => j.ExperimentId == row.Id && j.DeletedAt == null)
            .Select(j => new { j.Id, j.Settings, j.ImportanceOf, j.Result }).ToDictionaryAsync(j => j.Id, cancel);
        var sites = (await db.Importance.AsNoTracking().Where(i => db.Jobs.Any(j => j.Id == i.JobId && j.ExperimentId == row.Id))
            .ToListAsync(cancel)).GroupBy(site => site.JobId).ToDictionary(job => job.Key, job => job.ToArray());
        var measured = new List<Measured>();
        foreach (var result in results.Rows)
        {
            var known = result.Jobs.Where(id => sites.ContainsKey(id) && jobs.ContainsKey(id));
            if (known.Cast<Guid?>().FirstOrDefault() is not { } id) continue;
            var (job, sharing) = (jobs[id], JobRequest.Parse(jobs[id].Settings).Sharing!);
            string name = string.Join(", ", new[] { TaskOf(result), VariantOf(result) }.Where(part => part is not ("" or "all")));
            measured.Add(new(result, name.Length > 0 ? name : row.Name ?? "importance", job.ImportanceOf ?? id, sharing.Threshold?.T,
                [.. sites[id].OrderBy(site => site.Type, StringComparer.Ordinal).ThenBy(site => site.Layer)],
                job.Result is null ? null : JsonSerializer.Deserialize<After>(job.Result, JsonText.Compact)!.Outputs));
        }
        return measured;
    }

    /// <summary>The score by T, a curve a task, where rows differ in T.</summary>
    private static List<ThresholdCurve> Thresholds(IReadOnlyList<ResultRow> scored, IReadOnlyList<Measured> measured) =>
        [.. measured.Where(one => one.Threshold is not null && scored.Contains(one.Row)).GroupBy(one => TaskOf(one.Row))
            .Where(task => task.Select(one => one.Threshold).Distinct().Count() > 1)
            .Select(task => new ThresholdCurve(task.Key.Length > 0 ? task.Key : "all", [.. task.DistinctBy(one => one.Threshold)
                .OrderBy(one => one.Threshold).Select(one =>
                    new ThresholdScore(one.Threshold!.Value, 100 * one.Row.Best!.Mean, 100 * one.Row.Best.Deviation))]))];

    /// <summary>How many layers each T keeps, by module type; a mean over tasks.</summary>
    private static List<KeptCurve> KeptBy(IReadOnlyList<Measured> measured) =>
        [.. measured.Where(one => one.Threshold is not null && one.Row.Kept is not null)
            .SelectMany(one => one.Row.Kept!.Select(kept => (Type: kept.Key, T: one.Threshold!.Value, Layers: kept.Value)))
            .GroupBy(kept => kept.Type).Select(type => new KeptCurve(type.Key, [.. type.GroupBy(kept => kept.T).OrderBy(t => t.Key)
                .Select(t => new KeptLayers(t.Key, t.Average(kept => kept.Layers)))]))];

    /// <summary>A name of lower-case letters, digits and hyphens.</summary>
    private static string Slug(params string[] parts)
    {
        var slug = new StringBuilder();
        foreach (var character in string.Join('-', parts.Where(part => part.Length > 0)).ToLowerInvariant())
            if (char.IsLetterOrDigit(character) || character == '.') slug.Append(character);
            else if (slug.Length > 0 && slug[^1] != '-') slug.Append('-');
        return slug.ToString().Trim('-', '.');
    }

    /// <summary>The importance of one row, as one of its jobs measured it.</summary>
    private sealed record Measured(ResultRow Row, string Name, Guid By, double? Threshold, IReadOnlyList<ImportanceRow> Sites,
        IReadOnlyList<SiteOutputs>? Outputs)
    {
        public IEnumerable<string> Types => Sites.Select(site => site.Type).Distinct();

        public IReadOnlyList<double> ImportanceOf(string type) => [.. Sites.Where(site => site.Type == type).Select(site => site.I)];

        public Histogram? AfterOf(ImportanceRow before) =>
            Outputs?.FirstOrDefault(after => after.Type == before.Type && after.Layer == before.Layer)?.Norms;
    }

    /// <summary>The field of a run's result.json that figures need.</summary>
    private sealed record After(IReadOnlyList<SiteOutputs>? Outputs);
}
