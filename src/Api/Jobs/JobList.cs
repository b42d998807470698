using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>The query of a list of jobs.</summary>
internal sealed record JobList(
    IReadOnlyList<JobStatus> Statuses, IReadOnlyList<(string Name, string Value)> Labels, string? Model, string? Dataset,
    Method? Method, string? Owner, string? Text, bool Deleted, int Limit, Guid? Before)
{
    /// <summary>Reads the query of GET /jobs.</summary>
    public static Answer<JobList> Read(IQueryCollection query)
    {
        var fields = new QueryFields(query);
        var list = new JobList(
            fields.Choices<JobStatus>("status"), [.. LabelsIn(fields)], fields.Text("model"), fields.Text("dataset"),
            fields.Method("method"), fields.Text("owner"), fields.Text("text"), fields.Flag("deleted") ?? false,
            (int)(fields.Integer("limit", 1, 100) ?? 20), Cursor.Read(fields));
        return fields.Refusal() is { } refusal ? refusal : list;
    }

    /// <summary>One page of the list, newest first. Does not read settings, results or anything that grows with a job's length.</summary>
    public async Task<Page<JobSummary>> PageAsync(JobsContext db, Caller caller, CancellationToken cancel)
    {
        var filter = new JobFilter(Statuses.Distinct().ToList(), Labels, await ResolveAsync(db.Models, Model, cancel),
            await ResolveAsync(db.Datasets, Dataset, cancel), Method, caller.SeesAll ? Owner : caller.Owner, Text, Deleted, Before);
        if (!caller.SeesAll && Owner is not null && Owner != caller.Owner) return new([], HasMore: false);
        if (await filter.NewestAsync(db, Limit + 1, cancel) is not { } newest) return new([], HasMore: false);
        var found = await db.Jobs.Where(j => newest.Contains(j.Id)).OrderByDescending(j => j.Id).AsNoTracking().Select(j => new
        {
            j.Id, j.Name, j.Status, j.Method, j.ModelId, j.DatasetId, j.Score, j.Failure, j.CreatedAt, j.StartedAt, j.FinishedAt,
            j.DeletedAt, j.Owner, j.Stages, j.Labels,
            Model = new { Name = j.Model.Name ?? j.Model.FormerName, j.Model.Source },
            Dataset = new { Name = j.Dataset.Name ?? j.Dataset.FormerName, j.Dataset.Source },
        }).ToListAsync(cancel);
        return Page.Of(found, Limit).Select(j =>
        {
            var stages = j.Stages.OrderBy(s => s.Stage).ToList();
            return new JobSummary(
                j.Id, j.Name, j.Status, JobReading.CurrentStage(stages), JobProgress.Of(stages), j.Method,
                new(j.ModelId, j.Model.Name, j.Model.Source, null), new(j.DatasetId, j.Dataset.Name, j.Dataset.Source, null),
                ApiJson.Finite(j.Score), j.Failure is { } failure ? new(failure.Code, failure.Message, null) : null,
                JobReading.LabelsOf(j.Labels),
                j.CreatedAt, j.StartedAt, j.FinishedAt, j.DeletedAt, Views.Owner(j.Owner),
                ApiJson.Finite(stages.FirstOrDefault(s => s.Status == JobStatus.Running)?.SecondsLeft), JobReading.MetricOf(stages[^1]),
                $"/jobs/{j.Id}");
        });
    }

    /// <summary>Resolves a name, former name, source or id to models or datasets; null if none is given.</summary>
    private static async Task<IReadOnlyList<Guid>?> ResolveAsync<T>(IQueryable<T> inputs, string? written, CancellationToken cancel)
        where T : InputRow
    {
        if (written is null) return null;
        return Guid.TryParse(written, out var id) ? [id] : await inputs.Where(i => i.Name == written || i.FormerName == written
            || i.Source == written).Select(i => i.Id).ToListAsync(cancel);
    }

    private static IEnumerable<(string Name, string Value)> LabelsIn(QueryFields fields)
    {
        foreach (var written in fields.Texts("label"))
        {
            var colon = written.IndexOf(':');
            if (colon > 0) yield return (written[..colon], written[(colon + 1)..]);
            else fields.Refuse("label", "must have the form name:value, such as label=team:search");
        }
    }
}
