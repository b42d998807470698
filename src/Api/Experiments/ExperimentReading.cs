using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>Builds the views of experiments from the rows of their jobs.</summary>
internal static class ExperimentReading
{
    public static async Task<ExperimentView> ViewAsync(JobsContext db, ExperimentRow row, CancellationToken cancel)
    {
        var members = (await MembersAsync(db, [row.Id], cancel)).GetValueOrDefault(row.Id, []);
        var jobs = Count(members);
        var (used, left, seconds) = Times(members, row.Parallel);
        var href = Href(row.Id);
        var reused = members.Count(job => job.Stages.Any(stage => stage.ReusedFrom is not null));
        return new(row.Id, row.Name, Views.Owner(row.Owner), StatusOf(row, jobs), ProgressOf(members),
            row.FinishedAt is null ? seconds : null, jobs, new(Math.Round(used, 1), row.FinishedAt is null ? left : null, reused),
            row.Remarks, JsonDocument.Parse(row.Settings).RootElement, row.CreatedAt, row.PausedAt, row.FinishedAt,
            new(href, $"/jobs?label={ExperimentRequest.Label}:{row.Id}", $"{href}/results"));
    }

    public static async Task<IReadOnlyList<ExperimentSummary>> SummariesAsync(JobsContext db, IReadOnlyList<ExperimentRow> rows,
        CancellationToken cancel)
    {
        var members = await MembersAsync(db, [.. rows.Select(row => row.Id)], cancel);
        return [.. rows.Select(row =>
        {
            var own = members.GetValueOrDefault(row.Id, []);
            var jobs = Count(own);
            return new ExperimentSummary(row.Id, row.Name, Views.Owner(row.Owner), StatusOf(row, jobs), ProgressOf(own), jobs,
                row.CreatedAt, row.FinishedAt, Href(row.Id));
        })];
    }

    private static string Href(Guid id) => $"/experiments/{id}";

    private static async Task<Dictionary<Guid, List<Member>>> MembersAsync(JobsContext db, IReadOnlyList<Guid> ids,
        CancellationToken cancel)
    {
        var found = await db.Jobs.AsNoTracking().Where(j => j.ExperimentId != null && ids.Contains(j.ExperimentId.Value))
            .Select(j => new { Experiment = j.ExperimentId!.Value, Member = new Member(j.Status, j.DeletedAt != null, j.Stages) })
            .ToListAsync(cancel);
        return found.GroupBy(j => j.Experiment).ToDictionary(group => group.Key, group => group.Select(j => j.Member).ToList());
    }

    private static ExperimentJobs Count(IReadOnlyList<Member> members)
    {
        int Of(JobStatus status) => members.Count(job => !job.Deleted && job.Status == status);
        return new(members.Count, Of(JobStatus.Queued), Of(JobStatus.Running), Of(JobStatus.Paused), Of(JobStatus.Succeeded),
            Of(JobStatus.Failed), Of(JobStatus.Cancelled), members.Count(job => job.Deleted));
    }

    private static JobStatus StatusOf(ExperimentRow row, ExperimentJobs jobs) =>
        jobs.Queued + jobs.Running + jobs.Paused > 0
            ? row.PausedAt is not null || (jobs.Paused > 0 && jobs.Queued + jobs.Running == 0) ? JobStatus.Paused
                : jobs.Queued + jobs.Deleted == jobs.Total ? JobStatus.Queued : JobStatus.Running
        : jobs.Failed > 0 ? JobStatus.Failed
        : jobs.Cancelled > 0 ? JobStatus.Cancelled
        : JobStatus.Succeeded;

    private static double ProgressOf(IReadOnlyList<Member> members) => members.Count == 0 ? 1 : Math.Round(members.Average(job =>
        job.Deleted || JobMoves.IsEnd(job.Status) ? 1 : JobProgress.Of([.. job.Stages.OrderBy(stage => stage.Stage)])), 4);

    /// <summary>Seconds that workers have used, that they will, and until the end.</summary>
    private static (double Used, double? Left, double? Seconds) Times(IReadOnlyList<Member> members, int? parallel)
    {
        var done = members.Where(job => job.Status == JobStatus.Succeeded).Select(job => JobProgress.Seconds(job.Stages)).ToArray();
        var open = members.Where(job => !job.Deleted && !JobMoves.IsEnd(job.Status)).ToArray();
        var used = members.Sum(job => JobProgress.Seconds(job.Stages));
        if (done.Length == 0 || open.Length == 0) return (used, null, null);
        var left = open.Sum(job => done.Average() * (1 - JobProgress.Of([.. job.Stages.OrderBy(stage => stage.Stage)])));
        var atATime = Math.Clamp(members.Count(job => job.Status == JobStatus.Running), 1, parallel ?? int.MaxValue);
        return (used, Math.Round(left, 1), Math.Round(left / atATime, 1));
    }

    /// <summary>What the view needs of a job.</summary>
    private sealed record Member(JobStatus Status, bool Deleted, List<StageRow> Stages);
}
