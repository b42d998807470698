using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage;

/// <summary>User operations on jobs: submit, pause, resume, cancel, retry, delete. Workers change them by
/// <see cref="StageLease"/>.</summary>
public sealed class JobLife(JobsContext db, Inputs inputs, Caller caller, JobQuota quota, LiveWorkers workers, WorkQueue queue,
    IObjectStore objects, JobOptions options, TimeProvider clock)
{
    /// <summary>The number of tries for a change that conflicts with a worker's.</summary>
    private const int Tries = 5;

    public Task<Answer<JobRow>> SubmitAsync(JobRequest request, CancellationToken cancel) =>
        SubmitAsync(new JobDraft(request, []), null, cancel);

    public Task<Answer<JobRow>> SubmitAsync(JobDraft draft, Guid? id, CancellationToken cancel) =>
        SubmitAsync(draft, id, clonedFrom: null, cancel);

    /// <summary>Validates a submission without saving it. Returns all faults: those of the request itself, and those that its model and
    /// data reveal.</summary>
    /// <remarks>A new model or dataset is added to the context as a row, which is kept only if the context is saved.</remarks>
    public async Task<ValidatedJob> ValidateAsync(JobDraft draft, CancellationToken cancel)
    {
        var (request, faults) = (draft.Request, draft.Faults.ToList());
        var model = draft.IsValid("model") ? await inputs.ModelAsync(request.Model, faults, cancel) : null;
        var dataset = draft.IsValid("dataset") ? await inputs.DatasetAsync(request.Dataset, request.Task.Preset, faults, cancel) : null;
        if (draft.IsValid("importance") && draft.IsValid("lora")) faults.AddRange(await ImportanceFaultsAsync(request, cancel));
        if (request.InitialAdapter is { } adapter && draft.IsValid("initialAdapter"))
            faults.AddRange(await inputs.AdapterFaultsAsync(adapter, model, cancel));
        if (model is { Status: InputStatus.Failed }) faults.Add(new("model", $"cannot be used: {model.Failure!.Message}"));
        if (dataset is { Status: InputStatus.Failed }) faults.Add(new("dataset", $"cannot be used: {dataset.Failure!.Message}"));
        faults.AddRange(RequestFit.Faults(request, draft.IsValid("lora") ? model?.Facts : null, draft.IsValid("task")
            ? dataset?.Facts
            : null));
        if (faults.Count == 0 && await workers.RefusalAsync(request, model?.Facts, dataset?.Facts, cancel) is { } tooLarge)
            faults.Add(tooLarge);
        return new(request, model, dataset, faults);
    }

    /// <summary>Submits a job, or returns all faults at once.</summary>
    /// <param name="draft">The submission.</param>
    /// <param name="id">The job's id; null for a new one. A job that already has it is returned: an earlier try succeeded, but its response
    /// was lost.</param>
    /// <param name="clonedFrom">The job whose settings were cloned; null if none.</param>
    /// <param name="cancel">Cancels the operation.</param>
    public async Task<Answer<JobRow>> SubmitAsync(JobDraft draft, Guid? id, Guid? clonedFrom, CancellationToken cancel)
    {
        var validated = await ValidateAsync(draft, cancel);
        var (_, model, dataset, faults) = validated;
        if (faults.Count > 0 || model is null || dataset is null) return new Refusal.Invalid(faults);

        var job = NewJob(validated, id ?? Guid.CreateVersion7(Now()), clonedFrom);
        QueueIfReady(job);
        InputRow[] inputs = [.. new InputRow[] { model, dataset }.Where(input => db.Entry(input).State == EntityState.Added)];
        try
        {
            if (await quota.SaveAsync(cancel) is { } full) return full;
        }
        catch (DbUpdateException failed) when (db.IsDangling(failed))
        {
            db.ChangeTracker.Clear(); // the model or dataset was removed after it was found: search again, and report it
            return await SubmitAsync(draft, id, clonedFrom, cancel);
        }
        catch (DbUpdateException failed) when (id is { } taken && db.IsTaken(failed))
        {
            return await ChangeAsync(taken, _ => null, cancel);
        }
        Prepare(inputs);
        if (job.Current.Status == JobStatus.Waiting) return await RecheckAsync(job.Id, cancel);
        queue.Enqueue(job.Current);
        return job;
    }

    /// <summary>Creates the rows of a validated job, unsaved.</summary>
    /// <param name="validated">A job without faults.</param>
    /// <param name="id">Its id.</param>
    /// <param name="clonedFrom">The job whose settings were cloned; null if none.</param>
    /// <param name="place">Its place in an experiment, which then decides when it is queued; null: in none.</param>
    internal JobRow NewJob(ValidatedJob validated, Guid id, Guid? clonedFrom, ExperimentPlace? place = null)
    {
        var (now, request) = (Now(), validated.Request);
        var job = new JobRow
        {
            Id = id, Name = request.Name, Owner = caller.Owner, Status = JobStatus.Queued,
            Method = request.Method, Settings = JsonText.Of(request), ServiceVersion = ServiceVersion.Text,
            Model = validated.Model!, Dataset = validated.Dataset!, ClonedFrom = clonedFrom, CreatedAt = now, Version = 1,
            TraceParent = Tracing.Here, ExperimentId = place?.Experiment, Point = place is null ? null : new(place.Values),
            Held = place is not null,
        };
        job.Labels.AddRange(request.Labels.Select(label => new LabelRow { Name = label.Key, Value = label.Value }));
        if (place is not null) job.Labels.Add(new() { Name = ExperimentRequest.Label, Value = place.Experiment.ToString() });
        job.Stages.AddRange(request.Stages
            .Select(stage => new StageRow { Stage = stage, Status = JobStatus.Waiting, Priority = request.Priority,
            Selector = request.Worker.Selector, Memory = request.Worker.MemoryBytes }));
        db.Jobs.Add(job);
        db.Events.Add(Event(job.Id, EventType.Submitted,
            $"Submitted: {request.Method.Name} on {request.Dataset} with {request.Model}"));
        return job;
    }

    /// <summary>Wakes workers that prepare new models and datasets.</summary>
    internal void Prepare(IEnumerable<InputRow> inputs)
    {
        foreach (var input in inputs)
            if (input is ModelRow) queue.EnqueueModel(input.Id);
            else queue.EnqueueDataset(input.Id);
    }

    /// <summary>Queues a job that its experiment no longer holds.</summary>
    internal Task<Answer<JobRow>> StartAsync(Guid id, CancellationToken cancel) => StartIfReadyAsync(id, cancel);

    /// <summary>Requests cancellation. A waiting job is cancelled at once; a running one when its worker has seen the request, within a
    /// step.</summary>
    public Task<Answer<JobRow>> CancelAsync(Guid id, CancellationToken cancel) => ChangeAsync(id, job =>
    {
        if (JobMoves.IsEnd(job.Status))
            return new Refusal.Conflict("job_ended", $"Job {id} has ended already: {JsonText.NameOf(job.Status)}.");
        var now = Now();
        if (job.CancelRequestedAt is null) db.Events.Add(Event(id, EventType.CancelRequested, "A person asked to cancel."));
        job.CancelRequestedAt ??= now;
        job.PauseRequestedAt = null;
        if (IsAtWork(job)) return null;
        foreach (var stage in job.Stages.Where(s => !JobMoves.IsEnd(s.Status))) stage.MoveTo(JobStatus.Cancelled, now);
        job.MoveTo(JobStatus.Cancelled, now);
        db.Events.Add(Event(id, EventType.Cancelled, "Cancelled before a worker took it up."));
        return null;
    }, cancel);

    /// <summary>Requests a pause, until the job is resumed. A waiting job is paused at once; a running one when its worker has seen the
    /// request, within a step.</summary>
    public Task<Answer<JobRow>> PauseAsync(Guid id, CancellationToken cancel) => ChangeAsync(id, job =>
    {
        if (JobMoves.IsEnd(job.Status))
            return new Refusal.Conflict("job_ended", $"Job {id} has ended already: {JsonText.NameOf(job.Status)}.");
        if (job.CancelRequestedAt is not null) return new Refusal.Conflict("job_cancelling", $"Job {id} is being cancelled.");
        if (job.Status == JobStatus.Paused) return null;
        var now = Now();
        if (job.PauseRequestedAt is null) db.Events.Add(Event(id, EventType.PauseRequested, "A person asked to pause."));
        job.PauseRequestedAt ??= now;
        if (IsAtWork(job)) return null;
        job.PauseRequestedAt = null;
        foreach (var stage in job.Stages.Where(s => s.Status == JobStatus.Queued)) stage.MoveTo(JobStatus.Paused, now);
        job.MoveTo(JobStatus.Paused, now);
        db.Events.Add(Event(id, EventType.Paused, "Paused before a worker took it up."));
        return null;
    }, cancel);

    /// <summary>Resumes a paused job; a pending pause request is withdrawn.</summary>
    public async Task<Answer<JobRow>> ResumeAsync(Guid id, CancellationToken cancel)
    {
        var answer = await ChangeAsync(id, job =>
        {
            if (job.Status != JobStatus.Paused && job.PauseRequestedAt is null)
                return new Refusal.Conflict("job_not_paused",
                    $"Job {id} is {JsonText.NameOf(job.Status)}; only a paused job can be resumed.");
            job.PauseRequestedAt = null;
            db.Events.Add(Event(id, EventType.ResumeRequested, "A person asked to go on."));
            if (job.Status != JobStatus.Paused) return null;
            var now = Now();
            job.MoveTo(JobStatus.Queued, now);
            foreach (var stage in job.Stages.Where(s => s.Status == JobStatus.Paused)) stage.MoveTo(JobStatus.Waiting, now);
            QueueIfReady(job);
            return null;
        }, cancel);
        return await QueuedAsync(answer, cancel);
    }

    /// <summary>Retries a failed or cancelled job from its last checkpoint.</summary>
    public async Task<Answer<JobRow>> RetryAsync(Guid id, CancellationToken cancel)
    {
        var prepare = new List<Action>();
        // jobs of experiments do not count
        if (await quota.RefusalAsync(cancel) is { } full && !await db.Jobs.AnyAsync(j => j.Id == id && j.ExperimentId != null, cancel))
            return full;
        var answer = await ChangeAsync(id, job =>
        {
            if (job.Status is not (JobStatus.Failed or JobStatus.Cancelled))
                return new Refusal.Conflict("job_not_ended",
                    $"Job {id} is {JsonText.NameOf(job.Status)}; only a failed or cancelled job can be tried again.");
            if (job.Model.DeletedAt is not null)
                return new Refusal.Conflict("model_deleted", $"The model {job.Model.FormerName} of job {id} is deleted; submit a new job.");
            if (job.Dataset.DeletedAt is not null)
                return new Refusal.Conflict("dataset_deleted",
                    $"The dataset {job.Dataset.FormerName ?? job.Dataset.Source} of job {id} is deleted; submit a new job.");
            prepare.Clear();
            job.MoveTo(JobStatus.Queued, Now());
            (job.Failure, job.CancelRequestedAt, job.PauseRequestedAt) = (null, null, null);
            foreach (var stage in job.Stages.Where(s => JobMoves.IsEnd(s.Status) && s.Status != JobStatus.Succeeded))
            {
                stage.MoveTo(JobStatus.Waiting, Now());
                (stage.Failures, stage.Kills) = (0, 0);
            }
            if (job.Model.Status == InputStatus.Failed)
            {
                (job.Model.Status, job.Model.Failure) = (InputStatus.Preparing, null);
                prepare.Add(() => queue.EnqueueModel(job.ModelId));
            }
            if (job.Dataset.Status == InputStatus.Failed)
            {
                (job.Dataset.Status, job.Dataset.Failure) = (InputStatus.Preparing, null);
                prepare.Add(() => queue.EnqueueDataset(job.DatasetId));
            }
            db.Events.Add(Event(id, EventType.Retried, "A person asked to try again."));
            QueueIfReady(job);
            return null;
        }, cancel);
        if (answer.Refusal is null) foreach (var enqueue in prepare) enqueue();
        return await QueuedAsync(answer, cancel);
    }

    /// <summary>Deletes an ended job: it is hidden, and purged after <see cref="JobOptions.KeepDeleted"/>. Until then it can be
    /// restored.</summary>
    public async Task<Refusal?> DeleteAsync(Guid id, CancellationToken cancel) => (await ChangeAsync(id, job =>
    {
        if (!JobMoves.IsEnd(job.Status)) return Active(job);
        job.DeletedAt = Now();
        return null;
    }, cancel)).Refusal;

    /// <summary>Restores a deleted job.</summary>
    public async Task<Answer<JobRow>> RestoreAsync(Guid id, CancellationToken cancel)
    {
        var restored = await Deleted(id).ExecuteUpdateAsync(set => set.SetProperty(j => j.DeletedAt, (DateTimeOffset?)null)
            .SetProperty(j => j.Version, j => j.Version + 1), cancel);
        if (restored == 0 && !await db.Jobs.SeenBy(caller).AnyAsync(j => j.Id == id, cancel))
            return new Refusal.Missing("job", id.ToString());
        return await ChangeAsync(id, _ => null, cancel);
    }

    /// <summary>Purges an ended job, deleted or not, with all its files.</summary>
    public async Task<Refusal?> PurgeAsync(Guid id, CancellationToken cancel)
    {
        var job = await db.Jobs.AsNoTracking().SingleOrDefaultAsync(j => j.Id == id, cancel);
        if (job is null || !caller.Sees(job.Owner)) return new Refusal.Missing("job", id.ToString());
        if (!JobMoves.IsEnd(job.Status)) return Active(job);
        var deleted = await db.Jobs.Where(j => j.Id == id && j.Version == job.Version).ExecuteDeleteAsync(cancel);
        // a retry still needs its files
        if (deleted == 0) return new Refusal.Conflict("job_active", $"Job {id} was changed in this moment. Look at it again.");
        // The row goes first: files without a row only waste space, a row without its files would mislead.
        await foreach (var file in objects.ListAsync($"jobs/{id:D}/", cancel)) await objects.DeleteAsync(file.Key, cancel);
        await DeletedInputs.RemoveAsync(db, objects, job.ModelId, cancel);
        await DeletedInputs.RemoveAsync(db, objects, job.DatasetId, cancel);
        return null;
    }

    /// <summary>Purges the jobs whose time to be restored is over.</summary>
    /// <returns>The number of jobs purged.</returns>
    public async Task<int> PurgeDeletedAsync(CancellationToken cancel)
    {
        var before = Now() - options.KeepDeleted;
        var old = await db.Jobs.Where(j => j.DeletedAt != null && j.DeletedAt < before).Select(j => j.Id).ToListAsync(cancel);
        var purged = 0;
        foreach (var id in old)
            if (await PurgeAsync(id, cancel) is null) purged++;
        return purged;
    }

    /// <summary>Called when a model or a dataset has been prepared: starts, or fails, the jobs that waited for it.</summary>
    public async Task InputPreparedAsync(Guid input, CancellationToken cancel)
    {
        var waiting = await db.Jobs.Where(j => (j.ModelId == input || j.DatasetId == input) && j.Status == JobStatus.Queued)
            .OrderBy(j => j.Id).Select(j => j.Id).ToListAsync(cancel);
        foreach (var id in waiting) await StartIfReadyAsync(id, cancel);
    }

    /// <summary>Starts jobs whose inputs are already prepared: the process that prepared them may have ended before it notified
    /// them.</summary>
    public async Task StartWaitingAsync(CancellationToken cancel)
    {
        var waiting = await db.Jobs.Where(j => j.Status == JobStatus.Queued && j.Model.Status != InputStatus.Preparing
            && j.Dataset.Status != InputStatus.Preparing && !j.Held)
            .Where(j => j.Stages.Any(s => s.Status == JobStatus.Waiting) && !j.Stages.Any(s => s.Status == JobStatus.Queued))
            .OrderBy(j => j.Id).Select(j => j.Id).ToListAsync(cancel);
        foreach (var id in waiting) await StartIfReadyAsync(id, cancel);
    }

    /// <summary>An input may become ready after it was read and before the job is saved, so its preparation did not see the job.</summary>
    private Task<Answer<JobRow>> RecheckAsync(Guid id, CancellationToken cancel)
    {
        db.ChangeTracker.Clear();
        return StartIfReadyAsync(id, cancel);
    }

    /// <summary>Queues a job whose inputs are ready, or fails it if one of them cannot be used.</summary>
    private async Task<Answer<JobRow>> StartIfReadyAsync(Guid id, CancellationToken cancel)
    {
        var (started, failed) = (new List<StageRow>(), (Failure?)null);
        var live = await workers.AllAsync(cancel);
        var answer = await ChangeAsync(id, job =>
        {
            started.Clear();
            failed = null;
            if (job.Status != JobStatus.Queued || job.Current.Status != JobStatus.Waiting || job.Held) return null;
            if ((InputFailure(job) ?? SizeFailure(job, live)) is { } failure) Fail(job, failed = failure);
            else if (QueueIfReady(job) is { } stage) started.Add(stage);
            return null;
        }, cancel);
        if (answer is { Refusal: null } && failed is not null) JobMetrics.Failed(failed.Code);
        foreach (var stage in started) queue.Enqueue(stage);
        return answer;
    }

    /// <summary>Wakes a worker for a resumed job.</summary>
    private async Task<Answer<JobRow>> QueuedAsync(Answer<JobRow> answer, CancellationToken cancel)
    {
        if (answer.IsRefused(out _, out var job)) return answer;
        if (job.Status == JobStatus.Queued && job.Current.Status == JobStatus.Waiting) return await RecheckAsync(job.Id, cancel);
        if (job.Current.Status == JobStatus.Queued) queue.Enqueue(job.Current);
        return answer;
    }

    private static Refusal.Conflict Active(JobRow job) =>
        new("job_active", $"Job {job.Id} is {JsonText.NameOf(job.Status)}. Cancel it first.");

    private IQueryable<JobRow> Deleted(Guid id) => caller.SeesAll
        ? db.Jobs.Where(j => j.Id == id && j.DeletedAt != null)
        : db.Jobs.Where(j => j.Id == id && j.DeletedAt != null && j.Owner == caller.Owner);

    /// <summary>Whether a worker has the job, and will obey a request.</summary>
    private static bool IsAtWork(JobRow job) => job.Stages.Any(s => s.Status == JobStatus.Running);

    /// <summary>Loads the job with everything a change needs; the change is repeated if a worker changed the row meanwhile.</summary>
    private async Task<Answer<JobRow>> ChangeAsync(Guid id, Func<JobRow, Refusal?> change, CancellationToken cancel)
    {
        for (var tries = 1; ; tries++)
        {
            db.ChangeTracker.Clear();
            await using var transaction = await db.BeginChangeAsync(id, cancel);
            var job = await db.Jobs.Include(j => j.Stages).Include(j => j.Labels).Include(j => j.Model).Include(j => j.Dataset)
                .SeenBy(caller).SingleOrDefaultAsync(j => j.Id == id, cancel);
            if (job is null) return new Refusal.Missing("job", id.ToString());
            if (change(job) is { } refusal) return refusal;
            try
            {
                await db.SaveChangesAsync(cancel);
                await transaction.CommitAsync(cancel);
                return job;
            }
            catch (DbUpdateConcurrencyException) when (tries < Tries)
            {
                // A model or dataset changed meanwhile; the job's lock does not cover them: try again.
            }
        }
    }

    /// <summary>Queues the job's current stage, if model and dataset are ready.</summary>
    private StageRow? QueueIfReady(JobRow job)
    {
        if (job.Held || job.Model.Status != InputStatus.Ready || job.Dataset.Status != InputStatus.Ready) return null;
        if (job.Model.Facts is { } model && MemoryEstimate.OfJob(job.Request, model, job.Dataset.Facts) is var need)
            foreach (var each in job.Stages) each.EstimatedMemory = need;
        var stage = job.Current;
        stage.MoveTo(JobStatus.Queued, Now());
        return stage;
    }

    private static Failure? InputFailure(JobRow job)
    {
        if (job.Model.Failure is { } model) return new(FailureCode.ModelFailed, $"The model cannot be used: {model.Message}", model.Faults);
        if (job.Dataset.Failure is { } dataset)
            return new(FailureCode.DatasetFailed, $"The dataset cannot be used: {dataset.Message}", dataset.Faults);
        if (job.Model.Status != InputStatus.Ready || job.Dataset.Status != InputStatus.Ready) return null;
        var faults = RequestFit.Faults(job.Request, job.Model.Facts, job.Dataset.Facts).ToList();
        return faults.Count > 0 ? Failure.Refused(faults) : null;
    }

    private static Failure? SizeFailure(JobRow job, IReadOnlyList<WorkerRow> live) =>
        LiveWorkers.Refusal(live, job.Request, job.Model.Facts, job.Dataset.Facts) is { } tooLarge ? Failure.Refused([tooLarge]) : null;

    private void Fail(JobRow job, Failure failure)
    {
        var now = Now();
        job.Failure = failure;
        job.Current.MoveTo(JobStatus.Failed, now);
        job.MoveTo(JobStatus.Failed, now);
        db.Events.Add(Event(job.Id, EventType.Failed, failure.Message, EventLevel.Error));
    }

    /// <summary>importance.from must name a job whose importance is known.</summary>
    private async Task<IEnumerable<Fault>> ImportanceFaultsAsync(JobRequest request, CancellationToken cancel)
    {
        const string Path = "importance.from";
        if (request.Importance?.From is not { } from) return [];
        if (!Guid.TryParse(from, out var id)) return [new(Path, "must be the id of a job")];
        var other = await db.Jobs.SeenBy(caller).Where(j => j.Id == id)
            .Select(j => new { j.Status, Measured = db.ImportanceSummaries.Any(s => s.JobId == id) }).SingleOrDefaultAsync(cancel);
        if (other is null) return [new(Path, $"there is no job {id}")];
        if (!other.Measured) return [new(Path, $"job {id} has no importance: it is {JsonText.NameOf(other.Status)}")];
        var sites = await db.Importance.Where(i => i.JobId == id).Select(i => i.Type).Distinct().ToListAsync(cancel);
        // the run validates the rest of a set of targets
        LinearModule[] layers = [.. sites.Select(type => new LinearModule(type, $"*.{type}", 0, 0))];
        var (section, targets) = (request.Method.Section, request.Tuning.Layers);
        return TargetLayers.Chosen(targets, layers).Count == sites.Count
            && !TargetLayers.TargetFaults(targets, layers, $"{section}.targets").Any()
            ? []
            : [new(Path, $"job {id} measured {string.Join(", ", sites)}; {section}.targets names {string.Join(", ", targets)}")];
    }

    private DateTimeOffset Now() => clock.GetRowTime();

    private EventRow Event(Guid job, string type, string message, EventLevel level = EventLevel.Info) =>
        new() { JobId = job, At = Now(), Level = level, Type = type, Message = message };
}

/// <summary>A validated request with its model and dataset.</summary>
/// <param name="Request">Fields that could not be parsed have their defaults.</param>
/// <param name="Model">Null with a fault.</param>
/// <param name="Dataset">Null with a fault.</param>
/// <param name="Faults">Every reason to refuse it.</param>
public sealed record ValidatedJob(JobRequest Request, ModelRow? Model, DatasetRow? Dataset, IReadOnlyList<Fault> Faults);

/// <summary>A job's place in an experiment.</summary>
/// <param name="Experiment">The experiment.</param>
/// <param name="Values">The job's values on the axes.</param>
public sealed record ExperimentPlace(Guid Experiment, IReadOnlyDictionary<string, string?> Values);
