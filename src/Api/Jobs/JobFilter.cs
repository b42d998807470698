using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>Finds the newest matching jobs by indexes, so that it stays fast with many jobs.</summary>
/// <param name="Statuses">Allowed statuses; empty for any.</param>
/// <param name="Labels">Required labels.</param>
/// <param name="Models">Allowed models; null for any.</param>
/// <param name="Datasets">Allowed datasets; null for any.</param>
/// <param name="Method">Required method; null for any.</param>
/// <param name="Owner">Required owner; null for any.</param>
/// <param name="Text">Text that a job's name contains, whatever the case; null for any.</param>
/// <param name="Deleted">Whether to find deleted jobs instead of all others.</param>
/// <param name="Before">Find only jobs older than this one; null starts at the newest.</param>
internal sealed record JobFilter(
    IReadOnlyList<JobStatus> Statuses, IReadOnlyList<(string Name, string Value)> Labels, IReadOnlyList<Guid>? Models,
    IReadOnlyList<Guid>? Datasets, Method? Method, string? Owner, string? Text, bool Deleted, Guid? Before)
{
    /// <summary>The most combinations of statuses, models and datasets that are queried separately. A name usually refers to one model; a
    /// source may refer to hundreds.</summary>
    private const int MostParts = 24;

    private bool ByParts => Math.Max(Statuses.Count, 1) * (Models?.Count ?? 1) * (Datasets?.Count ?? 1) <= MostParts;

    /// <summary>A query for the ids of the newest matching jobs; null if none can match.</summary>
    /// <remarks>
    /// An index orders the jobs of one status, model or dataset by age, but not the jobs of several: there a database sorts all matches or
    /// scans all jobs. So this takes the newest of each combination, and the newest of those.
    /// </remarks>
    public async Task<IQueryable<Guid>?> NewestAsync(JobsContext db, int limit, CancellationToken cancel)
    {
        if (Models is [] || Datasets is []) return null;
        Guid? bound = null;
        var filters = NewestPerFilter(db).ToList();
        if (filters.Count > 1 || Labels.Count > 0)
        {
            var newest = await filters.Aggregate((a, b) => a.Concat(b)).ToListAsync(cancel);
            if (newest.Count < filters.Count) return null;
            bound = newest.Min();
        }
        var parts = from status in EachOf(Statuses is [] ? null : Statuses)
                    from model in EachOf(ByParts ? Models : null)
                    from dataset in EachOf(ByParts ? Datasets : null)
                    select Matching(db, bound, status, model, dataset).Select(j => j.Id);
        return First(limit, parts);
    }

    /// <summary>The newest job that matches each filter alone, one index lookup each. No job that matches all filters is newer than the
    /// oldest of these.</summary>
    /// <remarks>A database walks two indexes from the newest job until they meet, which takes long if one filter matches only old
    /// jobs.</remarks>
    private IEnumerable<IQueryable<Guid>> NewestPerFilter(JobsContext db)
    {
        var jobs = Before is { } before ? Present(db).Where(j => j.Id < before) : Present(db);
        var labels = Before is { } last ? db.Set<LabelRow>().Where(l => l.JobId < last) : db.Set<LabelRow>();
        if (Statuses is not []) yield return First(1, Statuses.Select(status => jobs.Where(j => j.Status == status).Select(j => j.Id)));
        if (Owner is { } owner) yield return First(1, [jobs.Where(j => j.Owner == owner).Select(j => j.Id)]);
        if (Method is { } method) yield return First(1, [jobs.Where(j => j.Method == method).Select(j => j.Id)]);
        if (ByParts && Models is not null)
            yield return First(1, Models.Select(model => jobs.Where(j => j.ModelId == model).Select(j => j.Id)));
        if (ByParts && Datasets is not null)
            yield return First(1, Datasets.Select(dataset => jobs.Where(j => j.DatasetId == dataset).Select(j => j.Id)));
        foreach (var (name, value) in Labels)
            yield return First(1, [labels.Where(l => l.Name == name && l.Value == value).Select(l => l.JobId)]);
    }

    private IQueryable<JobRow> Present(JobsContext db) =>
        Deleted ? db.Jobs.Where(j => j.DeletedAt != null) : db.Jobs.Where(j => j.DeletedAt == null);

    private IQueryable<JobRow> Matching(JobsContext db, Guid? bound, JobStatus? status, Guid? model, Guid? dataset)
    {
        var jobs = Present(db);
        if (bound is { } newest) jobs = jobs.Where(j => j.Id <= newest);
        else if (Before is { } before) jobs = jobs.Where(j => j.Id < before);
        if (status is { } one) jobs = jobs.Where(j => j.Status == one);
        if (model is { } learner) jobs = jobs.Where(j => j.ModelId == learner);
        else if (Models is { } models) jobs = jobs.Where(j => models.Contains(j.ModelId));
        if (dataset is { } data) jobs = jobs.Where(j => j.DatasetId == data);
        else if (Datasets is { } datasets) jobs = jobs.Where(j => datasets.Contains(j.DatasetId));
        if (Owner is { } owner) jobs = jobs.Where(j => j.Owner == owner);
        if (Method is { } method) jobs = jobs.Where(j => j.Method == method);
        if (Text is { } text)
        {
            var pattern = $"%{text.ToLowerInvariant().Replace("\\", "\\\\").Replace("%", "\\%").Replace("_", "\\_")}%";
            jobs = jobs.Where(j => EF.Functions.Like(j.Name!.ToLower(), pattern, "\\"));
        }
        foreach (var (name, value) in Labels)
            jobs = jobs.Where(j => j.Labels.Any(l => l.Name == name && l.Value == value && l.JobId <= bound));
        return jobs;
    }

    private static IQueryable<Guid> First(int limit, IEnumerable<IQueryable<Guid>> parts) =>
        parts.Select(part => part.OrderByDescending(id => id).Take(limit)).Aggregate((a, b) => a.Concat(b)).OrderByDescending(id => id)
            .Take(limit);

    private static IEnumerable<T?> EachOf<T>(IReadOnlyList<T>? values) where T : struct =>
        values is null ? [null] : values.Select(value => (T?)value);
}
