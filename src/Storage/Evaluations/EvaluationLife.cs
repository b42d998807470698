using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage;

/// <summary>User operations on evaluations: submit, delete.</summary>
public sealed class EvaluationLife(JobsContext db, Caller caller, WorkQueue queue, IObjectStore objects, TimeProvider clock)
{
    /// <summary>Maximum number of unfinished evaluations of a job.</summary>
    private const int MostUnfinished = 20;

    /// <summary>Seconds to wait before trying again: evaluations take seconds to minutes.</summary>
    private const int RetryAfter = 10;

    /// <summary>Queues an evaluation of a job's adapter on a dataset.</summary>
    /// <param name="job">The job.</param>
    /// <param name="request">The dataset and split.</param>
    /// <param name="id">The evaluation's id; null for a new one. One that already has it is returned: an earlier try succeeded, but its
    /// response was lost.</param>
    /// <param name="cancel">Cancels the operation.</param>
    public async Task<Answer<EvaluationRow>> SubmitAsync(Guid job, EvaluationRequest request, Guid? id, CancellationToken cancel)
    {
        if (await db.Jobs.AsNoTracking().Include(j => j.Dataset).SeenBy(caller).SingleOrDefaultAsync(j => j.Id == job, cancel)
            is not { } of)
            return new Refusal.Missing("job", job.ToString());
        if (id is not null && await db.Evaluations.AsNoTracking().SingleOrDefaultAsync(e => e.Id == id, cancel) is { } known) return known;
        if (of.Status != JobStatus.Succeeded) return NoAdapter(of);
        if (await db.Datasets.AsNoTracking().SeenBy(caller, db).Named(request.Dataset, caller).FirstOrDefaultAsync(cancel)
            is not { DeletedAt: null } data)
            return new Refusal.Invalid([new("dataset", $"there is no dataset {request.Dataset}")]);
        if (data.Facts is null)
            return new Refusal.TooMany("dataset_not_ready", $"Dataset {request.Dataset} is {JsonText.NameOf(data.Status)}.", RetryAfter: 1);
        var faults = request.FitFaults(of.Request, of.Dataset.Facts, data.Facts);
        if (faults.Count > 0) return new Refusal.Invalid(faults);
        var unfinished = await db.Evaluations.CountAsync(e => e.JobId == job
            && (e.Status == JobStatus.Queued || e.Status == JobStatus.Running), cancel);
        if (unfinished >= MostUnfinished)
            return new Refusal.TooMany("quota_exceeded", $"{unfinished} evaluations of job {job} wait or run, and {MostUnfinished} may.",
                RetryAfter);
        var (now, demand) = (clock.GetRowTime(), of.Request.Worker);
        var row = new EvaluationRow
        {
            Id = id ?? Guid.CreateVersion7(now), JobId = job, DatasetId = data.Id, Dataset = data.Name ?? data.Source,
            Split = request.Split, Base = request.Base, Selector = demand.Selector, Memory = demand.MemoryBytes, CreatedAt = now,
            TraceParent = Tracing.Here,
        };
        db.Add(row);
        await db.SaveChangesAsync(cancel);
        queue.EnqueueEvaluation(row.Id);
        return row;
    }

    /// <summary>Deletes an evaluation with its files. One that runs is stopped.</summary>
    public async Task<Refusal?> DeleteAsync(Guid job, Guid id, CancellationToken cancel)
    {
        if (!await db.Jobs.SeenBy(caller).AnyAsync(j => j.Id == job, cancel)) return new Refusal.Missing("job", job.ToString());
        var files = await db.Evaluations.AsNoTracking().Where(e => e.JobId == job && e.Id == id).Select(e => e.Files)
            .SingleOrDefaultAsync(cancel);
        if (await db.Evaluations.Where(e => e.JobId == job && e.Id == id).ExecuteDeleteAsync(cancel) == 0)
            return new Refusal.Missing("evaluation", id.ToString());
        // The row goes first, as with a job: files without a row only waste space, a row without its files would mislead.
        foreach (var file in files ?? []) await objects.DeleteAsync(file.Key, cancel);
        return null;
    }

    /// <summary>The refusal of what needs an adapter, by a job that has none.</summary>
    public static Refusal NoAdapter(JobRow job) => new Refusal.Conflict("no_adapter",
        $"Job {job.Id} is {JsonText.NameOf(job.Status)}; only a job that succeeded has an adapter.");
}
