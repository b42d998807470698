using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage;

/// <summary>User operations on models and datasets: register, upload, delete. Sources named by jobs are resolved by
/// <see cref="Inputs"/>.</summary>
public sealed class InputLife(JobsContext db, Inputs inputs, Caller caller, WorkQueue queue, IObjectStore objects, TimeProvider clock)
{
    /// <summary>Marks a dataset whose source is an uploaded file.</summary>
    public const string Uploaded = "upload";

    /// <summary>Registers a model under a name and starts its preparation.</summary>
    public async Task<Answer<ModelRow>> RegisterModelAsync(string name, string source, bool shared, CancellationToken cancel)
    {
        if (shared && SharedRefusal() is { } denied) return denied;
        if (inputs.NewModel(name, source, OwnerOf(shared)).IsRefused(out var refusal, out var row)) return refusal;
        if (await SaveUnderNameAsync("model", name, db.Models.AnyAsync(m => m.Name == name && m.Owner == row.Owner, cancel),
            cancel) is { } taken)
            return taken;
        queue.EnqueueModel(row.Id);
        return row;
    }

    /// <summary>Registers a dataset under a name and starts fetching and validating it.</summary>
    public async Task<Answer<DatasetRow>> RegisterDatasetAsync(string name, string source, bool shared, CancellationToken cancel)
    {
        if (shared && SharedRefusal() is { } denied) return denied;
        if (inputs.NewDataset(name, source, OwnerOf(shared)).IsRefused(out var refusal, out var row)) return refusal;
        if (await SaveUnderNameAsync("dataset", name, db.Datasets.AnyAsync(d => d.Name == name && d.Owner == row.Owner, cancel),
            cancel) is { } taken)
            return taken;
        queue.EnqueueDataset(row.Id);
        return row;
    }

    /// <summary>Registers files that are already stored, and starts validating them.</summary>
    public async Task<Answer<DatasetRow>> AddUploadAsync(Guid id, string name, bool shared, IReadOnlyList<StoredFile> files,
        CancellationToken cancel)
    {
        if (shared && SharedRefusal() is { } denied) return denied;
        var row = new DatasetRow { Id = id, Name = name, Owner = OwnerOf(shared), Source = Uploaded, Files = [.. files],
            CreatedAt = clock.GetUtcNow(), TraceParent = Tracing.Here };
        db.Add(row);
        if (await SaveUnderNameAsync("dataset", name, db.Datasets.AnyAsync(d => d.Name == name && d.Owner == row.Owner, cancel),
            cancel) is { } taken)
            return taken;
        queue.EnqueueDataset(id);
        return row;
    }

    /// <summary>Releases a model's name. The model and its files are removed once no job refers to it; until then those jobs still show
    /// it.</summary>
    public async Task<Refusal?> DeleteModelAsync(string nameOrId, CancellationToken cancel)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancel);
        if (await db.Models.SeenBy(caller, db).Named(nameOrId, caller).FirstOrDefaultAsync(m => m.DeletedAt == null, cancel) is not { } row)
            return new Refusal.Missing("model", nameOrId);
        if (!IsCallers(row)) return new Refusal.Denied($"The model {nameOrId} is not yours to delete: it is everybody's. An admin may.");
        if (await FirstActiveAsync(db.Jobs.Where(j => j.ModelId == row.Id), cancel) is { } job)
            return new Refusal.Conflict("model_in_use",
                $"Job {job} still needs the model {nameOrId}. Wait until it has ended, or cancel it.");
        await TakeNameAwayAsync(db.Models.Where(m => m.Id == row.Id), cancel);
        await transaction.CommitAsync(cancel);
        await DeletedInputs.RemoveAsync(db, objects, row.Id, cancel);
        return null;
    }

    /// <summary>Releases a dataset's name. The dataset and its files are removed once no job refers to it; until then those jobs still show
    /// it.</summary>
    public async Task<Refusal?> DeleteDatasetAsync(string nameOrId, CancellationToken cancel)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancel);
        if (await db.Datasets.SeenBy(caller, db).Named(nameOrId, caller)
            .FirstOrDefaultAsync(d => d.DeletedAt == null, cancel) is not { } row)
            return new Refusal.Missing("dataset", nameOrId);
        if (!IsCallers(row)) return new Refusal.Denied($"The dataset {nameOrId} is not yours to delete: it is everybody's. An admin may.");
        if (await FirstActiveAsync(db.Jobs.Where(j => j.DatasetId == row.Id), cancel) is { } job)
            return new Refusal.Conflict("dataset_in_use",
                $"Job {job} still needs the dataset {nameOrId}. Wait until it has ended, or cancel it.");
        await TakeNameAwayAsync(db.Datasets.Where(d => d.Id == row.Id), cancel);
        await transaction.CommitAsync(cancel);
        await DeletedInputs.RemoveAsync(db, objects, row.Id, cancel);
        return null;
    }

    /// <summary>Ignores the row's version: a worker may be updating its fetch progress.</summary>
    private async Task TakeNameAwayAsync<T>(IQueryable<T> rows, CancellationToken cancel) where T : InputRow
    {
        var now = clock.GetUtcNow();
        await rows.ExecuteUpdateAsync(set => set.SetProperty(r => r.DeletedAt, now).SetProperty(r => r.FormerName, r => r.Name)
            .SetProperty(r => r.Name, (string?)null).SetProperty(r => r.Version, r => r.Version + 1), cancel);
    }

    /// <summary>A query finds most names that already exist; of two simultaneous registrations, the database admits one.</summary>
    private async Task<Refusal?> SaveUnderNameAsync(string what, string name, Task<bool> isTaken, CancellationToken cancel)
    {
        if (await isTaken) return Taken(what, name);
        try
        {
            await db.SaveChangesAsync(cancel);
            return null;
        }
        catch (DbUpdateException failed) when (db.IsTaken(failed))
        {
            return Taken(what, name);
        }
    }

    /// <summary>Inputs that an admin registers for everyone have no owner.</summary>
    private string OwnerOf(bool shared) => shared ? Caller.Nobody : caller.Owner;

    private Refusal.Denied? SharedRefusal() =>
        caller.Role == Role.Admin ? null : new("Only an admin may register for everybody. Leave shared out, and it is yours alone.");

    private bool IsCallers(InputRow row) => caller.Role == Role.Admin || row.Owner == caller.Owner;

    private static Refusal.Conflict Taken(string what, string name) =>
        new($"{what}_exists", $"There is a {what} {name} already. Delete it, or choose another name.");

    private static async Task<Guid?> FirstActiveAsync(IQueryable<JobRow> jobs, CancellationToken cancel) =>
        await jobs.Where(j => j.Status == JobStatus.Queued || j.Status == JobStatus.Running || j.Status == JobStatus.Paused)
            .OrderBy(j => j.Id).Select(j => (Guid?)j.Id).FirstOrDefaultAsync(cancel);
}

/// <summary>Finds models and datasets by name, else by id. A name may look like an id, so names come first; of equal names, the caller's
/// own.</summary>
public static class InputNames
{
    public static IQueryable<ModelRow> Named(this IQueryable<ModelRow> models, string nameOrId, Caller caller)
    {
        var id = Guid.TryParse(nameOrId, out var parsed) ? parsed : Guid.Empty;
        return models.Where(m => m.Name == nameOrId || m.Id == id)
            .OrderBy(m => m.Name != nameOrId ? 3 : m.Owner == caller.Owner ? 0 : m.Owner == Caller.Nobody ? 1 : 2).ThenBy(m => m.Id);
    }

    public static IQueryable<DatasetRow> Named(this IQueryable<DatasetRow> datasets, string nameOrId, Caller caller)
    {
        var id = Guid.TryParse(nameOrId, out var parsed) ? parsed : Guid.Empty;
        return datasets.Where(d => d.Name == nameOrId || d.Id == id)
            .OrderBy(d => d.Name != nameOrId ? 3 : d.Owner == caller.Owner ? 0 : d.Owner == Caller.Nobody ? 1 : 2).ThenBy(d => d.Id);
    }
}
