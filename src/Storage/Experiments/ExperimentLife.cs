using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage;

/// <summary>User operations on experiments: submit, extend, pause, resume, cancel, retry, delete. Each changes the jobs by
/// <see cref="JobLife"/>, which stay ordinary jobs.</summary>
public sealed class ExperimentLife(JobsContext db, JobLife jobs, ExperimentRelease release, Caller caller, JobOptions options,
    TimeProvider clock)
{
    /// <summary>Seconds to wait before trying again when the quota is reached.</summary>
    private const int RetryAfter = 60;

    /// <summary>Refusals of a job whose state has changed since it was looked at, and which needs nothing more.</summary>
    private static readonly string[] ChangedMeanwhile =
        ["job_ended", "job_cancelling", "job_not_paused", "job_not_ended", "job_not_found"];

    /// <summary>Makes the jobs of a request without saving them; all faults at once.</summary>
    public async Task<(ExperimentPlan Plan, IReadOnlyList<ValidatedJob> Jobs, IReadOnlyList<Fault> Faults)> ValidateAsync(
        ExperimentRequest request, CancellationToken cancel)
    {
        var plan = ExperimentPlan.Of(request, options.MostPerExperiment);
        if (plan.Faults.Count > 0) return (plan, [], plan.Faults);
        var (validated, faults) = (new List<ValidatedJob>(), new Dictionary<Fault, ExperimentPoint>());
        foreach (var point in plan.Points)
        {
            var job = await jobs.ValidateAsync(point.Draft, cancel);
            foreach (var fault in job.Faults) faults.TryAdd(ExperimentPlan.Placed(fault, request), point);
            validated.Add(job);
        }
        return (plan, validated, [.. faults.Select(fault =>
            fault.Key with { Message = $"{fault.Key.Message} (first in the job with {fault.Value})" })]);
    }

    /// <summary>Submits an experiment with all its jobs, or returns all faults at once.</summary>
    /// <param name="request">The request.</param>
    /// <param name="id">The experiment's id; null for a new one. An experiment that already has it is returned: an earlier try succeeded,
    /// but its response was lost.</param>
    /// <param name="cancel">Cancels the operation.</param>
    public async Task<Answer<ExperimentRow>> SubmitAsync(ExperimentRequest request, Guid? id, CancellationToken cancel)
    {
        if (id is { } taken && await OneAsync(taken, cancel) is { } known) return known;
        var (plan, validated, faults) = await ValidateAsync(request, cancel);
        if (faults.Count > 0) return new Refusal.Invalid(faults);
        var experiment = new ExperimentRow
        {
            Id = id ?? Guid.CreateVersion7(clock.GetUtcNow()), Name = request.Name, Owner = caller.Owner, Settings = request.ToJson(),
            Remarks = [.. plan.Remarks], Parallel = request.Parallel, CreatedAt = clock.GetUtcNow(),
        };
        db.Experiments.Add(experiment);
        return await SaveAsync(experiment, validated, plan.Points, [], () => SubmitAsync(request, id, cancel), cancel);
    }

    /// <summary>Adds the same jobs with more seeds.</summary>
    public async Task<Answer<ExperimentRow>> ExtendAsync(Guid id, IReadOnlyList<long> seeds, CancellationToken cancel)
    {
        if (await OneAsync(id, cancel) is not { } experiment) return Missing(id);
        ExperimentRequest request;
        try
        {
            request = experiment.Request.WithSeeds(seeds);
        }
        catch (RefusedInputException refused)
        {
            return new Refusal.Invalid(refused.Faults);
        }
        var (plan, validated, faults) = await ValidateAsync(request, cancel);
        if (faults.Count > 0) return new Refusal.Invalid(faults);
        var rows = await db.Jobs.Where(j => j.ExperimentId == id).OrderBy(j => j.Id).Select(j => new { j.Id, j.Settings })
            .ToListAsync(cancel);
        (Guid Id, JobRequest Request)[] there = [.. rows.Select(job => (job.Id, JobRequest.Parse(job.Settings)))];
        var known = there.Select(job => job.Request.ToRunJson()).ToHashSet();
        var fresh = plan.Points.Index().Where(point => !known.Contains(validated[point.Index].Request.ToRunJson())).ToArray();
        (experiment.Settings, experiment.Remarks, experiment.FinishedAt) = (request.ToJson(), [.. plan.Remarks], null);
        return await SaveAsync(experiment, [.. fresh.Select(point => validated[point.Index])], [.. fresh.Select(point => point.Item)],
            there, () => ExtendAsync(id, seeds, cancel), cancel);
    }

    /// <summary>Pauses every unfinished job, and queues no further one, until the experiment is resumed.</summary>
    public Task<Answer<ExperimentRow>> PauseAsync(Guid id, CancellationToken cancel) => ChangeAsync(id, experiment =>
        {
            if (experiment.FinishedAt is not null) return Ended(id);
            experiment.PausedAt ??= clock.GetUtcNow();
            return null;
        },
        job => !job.Held && job.Status is JobStatus.Queued or JobStatus.Running, jobs.PauseAsync, cancel);

    /// <summary>Resumes a paused experiment.</summary>
    public Task<Answer<ExperimentRow>> ResumeAsync(Guid id, CancellationToken cancel) => ChangeAsync(id, experiment =>
        {
            if (experiment.PausedAt is null)
                return new Refusal.Conflict("experiment_not_paused", $"Experiment {id} is not paused.");
            experiment.PausedAt = null;
            return null;
        },
        job => job.Status == JobStatus.Paused || job.PauseRequestedAt is not null, jobs.ResumeAsync, cancel);

    /// <summary>Requests cancellation of every unfinished job.</summary>
    public Task<Answer<ExperimentRow>> CancelAsync(Guid id, CancellationToken cancel) => ChangeAsync(id,
        experiment => experiment.FinishedAt is null ? null : Ended(id), job => !JobMoves.IsEnd(job.Status), jobs.CancelAsync, cancel);

    /// <summary>Retries every failed or cancelled job. If some cannot be, the others are, and the first reason is returned.</summary>
    public Task<Answer<ExperimentRow>> RetryAsync(Guid id, CancellationToken cancel) => ChangeAsync(id, experiment =>
        {
            experiment.FinishedAt = null;
            return null;
        },
        job => job.Status is JobStatus.Failed or JobStatus.Cancelled, jobs.RetryAsync, cancel);

    /// <summary>Deletes an experiment whose jobs have all ended, and its jobs, which can be restored one by one for some days.</summary>
    public async Task<Refusal?> DeleteAsync(Guid id, CancellationToken cancel)
    {
        if (await OneAsync(id, cancel) is not { } experiment) return Missing(id);
        var ids = await db.Jobs.Where(j => j.ExperimentId == id && j.DeletedAt == null).Select(j => new { j.Id, j.Status })
            .ToListAsync(cancel);
        if (ids.FirstOrDefault(job => !JobMoves.IsEnd(job.Status)) is { } active)
            return new Refusal.Conflict("experiment_active", $"Job {active.Id} of experiment {id} is {JsonText.NameOf(active.Status)}. "
                + "Cancel the experiment first.");
        experiment.DeletedAt = clock.GetUtcNow();
        await db.SaveChangesAsync(cancel);
        foreach (var job in ids) _ = await jobs.DeleteAsync(job.Id, cancel); // one that was deleted meanwhile is gone all the same
        return null;
    }

    /// <summary>Saves an experiment with new jobs, and starts what may start.</summary>
    private async Task<Answer<ExperimentRow>> SaveAsync(ExperimentRow experiment, IReadOnlyList<ValidatedJob> validated,
        IReadOnlyList<ExperimentPoint> points, (Guid Id, JobRequest Request)[] there,
        Func<Task<Answer<ExperimentRow>>> again, CancellationToken cancel)
    {
        var (now, rows) = (clock.GetUtcNow(), new List<JobRow>());
        List<(Guid Id, JobRequest Request)> all = [.. there];
        // every combination with the first seed comes before those with the second: tables fill from the start
        foreach (var (job, point) in validated.Zip(points).OrderBy(pair => pair.First.Request.Training.Seed))
        {
            rows.Add(jobs.NewJob(job, Guid.CreateVersion7(now.AddMilliseconds(rows.Count)), clonedFrom: null,
                new(experiment.Id, point.Values)));
            all.Add((rows[^1].Id, job.Request));
        }
        foreach (var (waiting, first) in ExperimentPlan.SharedImportance([.. all.Select(job => job.Request)]))
            if (waiting >= there.Length) rows[waiting - there.Length].ImportanceOf = all[first].Id;
        var inputs = rows.SelectMany(row => new InputRow[] { row.Model, row.Dataset }).Distinct()
            .Where(input => db.Entry(input).State == EntityState.Added).ToArray();
        try
        {
            await using var transaction = await db.Database.BeginTransactionAsync(cancel);
            await db.LockOwnerAsync(caller.Owner, cancel);
            if (options.ExperimentsPerOwner > 0 && caller.Role != Role.Admin
                && await db.Experiments.CountAsync(e => e.Owner == caller.Owner && e.FinishedAt == null && e.DeletedAt == null
                    && e.Id != experiment.Id, cancel) is var open && open >= options.ExperimentsPerOwner)
                return new Refusal.TooMany("quota_exceeded", $"{open} experiments of {caller.Owner} are unfinished, and "
                    + $"{options.ExperimentsPerOwner} may be. Wait until one has ended, or cancel one.", RetryAfter);
            await db.SaveChangesAsync(cancel);
            await transaction.CommitAsync(cancel);
        }
        catch (DbUpdateException failed) when (db.IsDangling(failed))
        {
            db.ChangeTracker.Clear(); // a model or dataset was removed after it was found: search again, and report it
            return await again();
        }
        jobs.Prepare(inputs);
        await release.RunAsync(experiment.Id, cancel);
        return await SavedAsync(experiment.Id, cancel);
    }

    private async Task<Answer<ExperimentRow>> ChangeAsync(Guid id, Func<ExperimentRow, Refusal?> change, Func<JobRow, bool> concerns,
        Func<Guid, CancellationToken, Task<Answer<JobRow>>> each, CancellationToken cancel)
    {
        if (await OneAsync(id, cancel) is not { } experiment) return Missing(id);
        if (change(experiment) is { } refusal) return refusal;
        await db.SaveChangesAsync(cancel);
        var members = await db.Jobs.AsNoTracking().Where(j => j.ExperimentId == id && j.DeletedAt == null).ToListAsync(cancel);
        Refusal? refused = null;
        foreach (var job in members.Where(concerns).OrderByDescending(job => job.Id))
            if ((await each(job.Id, cancel)).Refusal is { } why && !ChangedMeanwhile.Contains(why.Code)) refused ??= why;
        await release.RunAsync(id, cancel);
        return refused is null ? await SavedAsync(id, cancel) : refused;
    }

    private async Task<Answer<ExperimentRow>> SavedAsync(Guid id, CancellationToken cancel)
    {
        db.ChangeTracker.Clear();
        return await db.Experiments.AsNoTracking().SingleAsync(e => e.Id == id, cancel);
    }

    private Task<ExperimentRow?> OneAsync(Guid id, CancellationToken cancel)
    {
        db.ChangeTracker.Clear();
        return db.Experiments.SeenBy(caller).SingleOrDefaultAsync(e => e.Id == id, cancel);
    }

    private static Refusal.Conflict Ended(Guid id) => new("experiment_ended", $"All jobs of experiment {id} have ended.");

    private static Refusal.Missing Missing(Guid id) => new("experiment", id.ToString());
}
