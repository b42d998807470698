using System.Text.Json;
using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage;

/// <summary>Queues the jobs of experiments as their turn comes, and notes when the last has ended.</summary>
/// <remarks>
/// A job of an experiment is held until the experiment has room for it, and until the job that measures the same importance first has done
/// so. Called whenever a job of an experiment ends a stage, and by every worker's heartbeat: so a service that is killed goes on.
/// </remarks>
public sealed class ExperimentRelease(JobsContext db, JobLife jobs, TimeProvider clock)
{
    /// <summary>Does so for every unfinished experiment.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        foreach (var id in await db.Experiments.Where(e => e.FinishedAt == null && e.DeletedAt == null).OrderBy(e => e.Id)
            .Select(e => e.Id).ToListAsync(cancel))
            await RunAsync(id, cancel);
    }

    /// <summary>Does so for the experiment of a job, if it is one's.</summary>
    public async Task AfterAsync(Guid job, CancellationToken cancel)
    {
        if (await db.Jobs.Where(j => j.Id == job).Select(j => j.ExperimentId).SingleOrDefaultAsync(cancel) is { } experiment)
            await RunAsync(experiment, cancel);
    }

    /// <summary>Does so for one experiment.</summary>
    public async Task RunAsync(Guid id, CancellationToken cancel)
    {
        var released = new List<Guid>();
        db.ChangeTracker.Clear();
        await using (var transaction = await db.Database.BeginTransactionAsync(cancel))
        {
            await db.LockOwnerAsync($"experiment {id}", cancel); // two workers must not release one more than there is room for
            if (await db.Experiments.SingleOrDefaultAsync(e => e.Id == id && e.DeletedAt == null, cancel) is not { } experiment) return;
            var members = await db.Jobs.AsNoTracking().Where(j => j.ExperimentId == id).OrderBy(j => j.Id).Select(j => new
            {
                j.Id, j.Status, j.Held, j.ImportanceOf, j.FinishedAt,
                Measured = j.Stages.Where(s => s.Stage == Stage.ImportanceEvaluation).Select(s => (JobStatus?)s.Status).FirstOrDefault(),
            }).ToListAsync(cancel);
            var open = members.Where(job => !JobMoves.IsEnd(job.Status)).ToArray();
            if (open.Length == 0)
            {
                if (experiment.FinishedAt is not null) return;
                experiment.FinishedAt = clock.GetUtcNow();
                if (members.MaxBy(job => job.FinishedAt) is { } last)
                    db.Events.Add(Finished(experiment, last.Id, members.Count(job => job.Status == JobStatus.Succeeded), members.Count));
            }
            else
            {
                experiment.FinishedAt = null; // one was tried again
                var measuring = members.Where(job => job.Measured is { } stage && !JobMoves.IsEnd(stage)).Select(job => job.Id).ToHashSet();
                var room = (experiment.Parallel ?? int.MaxValue) - open.Count(job => !job.Held && job.Status != JobStatus.Paused);
                if (experiment.PausedAt is null)
                    released.AddRange(open.Where(job => job.Held && job.Status == JobStatus.Queued
                        && !(job.ImportanceOf is { } first && measuring.Contains(first))).Take(Math.Max(0, room)).Select(job => job.Id));
                foreach (var job in await db.Jobs.Where(j => released.Contains(j.Id)).ToListAsync(cancel)) job.Held = false;
            }
            await db.SaveChangesAsync(cancel);
            await transaction.CommitAsync(cancel);
        }
        foreach (var job in released) await jobs.StartAsync(job, cancel);
    }

    /// <summary>The event of the end, at the job that ended last: events and webhooks are of jobs.</summary>
    private EventRow Finished(ExperimentRow experiment, Guid last, int succeeded, int all) => new()
    {
        JobId = last, At = clock.GetUtcNow(), Level = succeeded == all ? EventLevel.Info : EventLevel.Warning,
        Type = EventType.ExperimentFinished,
        Message = $"Experiment {experiment.Name ?? experiment.Id.ToString()} has ended: {succeeded:N0} of {all:N0} jobs succeeded.",
        Data = JsonSerializer.Serialize(new ExperimentEnd(experiment.Id, experiment.Name, all, succeeded), JsonText.Compact),
    };
}

/// <summary>The data of the event of an experiment's end.</summary>
internal sealed record ExperimentEnd(Guid Experiment, string? Name, int Jobs, int Succeeded);
