using LoraDrop.Domain;
using LoraDrop.Figures;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>Draws what jobs measured: of one, importance and norms by layer; of several, heatmaps of importance (the paper's figures 4,
/// 5, 11 and 12).</summary>
internal static class JobFigures
{
    /// <summary>The figures that the jobs give, by name; a refusal if one of them is not the caller's.</summary>
    public static async Task<Answer<IReadOnlyList<KeyValuePair<string, Figure>>>> DrawAsync(JobsContext db, Caller caller,
        IReadOnlyList<Guid> ids, bool dark, CancellationToken cancel)
    {
        var rows = await db.Jobs.AsNoTracking().SeenBy(caller).Where(j => ids.Contains(j.Id))
            .Select(j => new { j.Id, j.Name, Dataset = j.Dataset.Name ?? j.Dataset.FormerName ?? j.Dataset.Source, j.Settings })
            .ToDictionaryAsync(j => j.Id, cancel);
        foreach (var id in ids)
            if (!rows.ContainsKey(id)) return new Refusal.Missing("job", id.ToString());
        var sites = (await db.Importance.AsNoTracking().Where(i => ids.Contains(i.JobId)).ToListAsync(cancel)).ToLookup(i => i.JobId);
        var measured = ids.Where(id => sites[id].Any())
            .Select(id => new MeasuredJob(rows[id].Name ?? id.ToString()[^12..], rows[id].Dataset,
                JobRequest.Parse(rows[id].Settings), [.. sites[id].OrderBy(s => s.Type, StringComparer.Ordinal).ThenBy(s => s.Layer)]))
            .ToList();
        return (ids.Count == 1 ? OfOne(measured, dark) : OfSeveral(measured, dark)).ToList();
    }

    /// <summary>Importance by layer with what is kept, and histograms of ‖ΔWx‖² per module type.</summary>
    private static IEnumerable<KeyValuePair<string, Figure>> OfOne(IReadOnlyList<MeasuredJob> measured, bool dark)
    {
        foreach (var job in measured)
        {
            yield return new("layers", ImportanceFigure.Draw(Panels(job.Sites), job.Settings.Sharing?.Threshold?.T,
                new(dark) { Title = job.Name }));
            foreach (var type in job.Types)
                yield return new($"norms-{type}", HistogramFigure.Draw(type, [.. job.Of(type).Select(site =>
                    new LayerNorms(site.Layer, site.Norms, null, site.Place))], new(dark) { Title = $"{job.Name}: {type}" }));
        }
    }

    /// <summary>A heatmap of importance per module type, a column per job; jobs on models with other numbers of layers are left
    /// out.</summary>
    private static IEnumerable<KeyValuePair<string, Figure>> OfSeveral(IReadOnlyList<MeasuredJob> measured, bool dark)
    {
        var (by, nameOf) = Axis(measured);
        foreach (var type in measured.SelectMany(job => job.Types).Distinct())
        {
            MeasuredJob[] columns = [.. measured.Where(job => job.Of(type).Any())];
            columns = [.. columns.Where(job => job.Of(type).Count() == columns[0].Of(type).Count())];
            if (columns.Length > 1)
                yield return new($"importance-{type}", HeatmapFigure.Draw([new(type,
                    [.. columns.Select(job => new HeatmapColumn(nameOf(job), [.. job.Of(type).Select(site => site.I)]))])], by,
                    new(dark)));
        }
    }

    /// <summary>What tells the jobs apart: their dataset, the share of data that importance was measured on, else their name.</summary>
    private static (string By, Func<MeasuredJob, string> NameOf) Axis(IReadOnlyList<MeasuredJob> measured)
    {
        string Ratio(MeasuredJob job) => FormattableString.Invariant($"α = {job.Settings.Importance?.SampleRatio}");
        if (measured.Select(job => job.Dataset).Distinct().Count() == measured.Count) return ("dataset", job => job.Dataset);
        if (measured.Select(Ratio).Distinct().Count() == measured.Count) return ("sample ratio", Ratio);
        return ("job", job => $"{job.Name} {measured.Index().First(one => one.Item == job).Index + 1}");
    }

    /// <summary>The panels of an importance figure, one per module type.</summary>
    public static IReadOnlyList<ImportancePanel> Panels(IEnumerable<ImportanceRow> sites) => [.. sites.GroupBy(site => site.Type)
        .Select(type => new ImportancePanel(type.Key,
            [.. type.Select(site => new LayerImportance(site.Layer, site.I, site.Place, site.Rank))]))];

    private sealed record MeasuredJob(string Name, string Dataset, JobRequest Settings, IReadOnlyList<ImportanceRow> Sites)
    {
        public IEnumerable<string> Types => Sites.Select(site => site.Type).Distinct();

        public IEnumerable<ImportanceRow> Of(string type) => Sites.Where(site => site.Type == type);
    }
}
