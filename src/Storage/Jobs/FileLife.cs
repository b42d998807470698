using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage;

/// <summary>What people do to single files: upload, delete. What jobs make of them are datasets like any other
/// (<see cref="Source.Files"/>).</summary>
public sealed class FileLife(JobsContext db, Caller caller, IObjectStore objects, TimeProvider clock)
{
    /// <summary>A key for the content of a file: a new one for each try at it, as an object is written once.</summary>
    public static string NewKey(Guid id) => $"files/{id:D}/{Guid.NewGuid():N}";

    public Task<FileRow?> FindAsync(Guid id, CancellationToken cancel) =>
        db.Files.AsNoTracking().SeenBy(caller).SingleOrDefaultAsync(f => f.Id == id, cancel);

    /// <summary>Takes in a file whose content is stored already, under a <see cref="NewKey"/>.</summary>
    public async Task<FileRow> AddAsync(Guid id, string name, string format, StoredObject stored, CancellationToken cancel)
    {
        var row = new FileRow { Id = id, Owner = caller.Owner, Name = name, Format = format, Key = stored.Key, Bytes = stored.Bytes,
            Sha256 = stored.Sha256, CreatedAt = clock.GetUtcNow() };
        db.Add(row);
        await db.SaveChangesAsync(cancel);
        return row;
    }

    /// <summary>Takes a file away from its users. Ended jobs still name it; its content goes when none of them is left.</summary>
    public async Task<Refusal?> DeleteAsync(Guid id, CancellationToken cancel)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancel);
        if (!await db.Files.SeenBy(caller).AnyAsync(f => f.Id == id, cancel)) return new Refusal.Missing("file", id.ToString());
        var made = db.Datasets.Where(d => d.TrainFileId == id || d.ValidationFileId == id);
        var active =
            await db.Jobs.Where(j => (j.Status == JobStatus.Queued || j.Status == JobStatus.Running || j.Status == JobStatus.Paused)
                && made.Any(d => d.Id == j.DatasetId)).OrderBy(j => j.Id).Select(j => (Guid?)j.Id).FirstOrDefaultAsync(cancel);
        if (active is { } job)
            return new Refusal.Conflict("file_in_use", $"Job {job} still needs the file. Wait until it has ended, or cancel it.");
        var now = clock.GetUtcNow();
        var datasets = await made.Where(d => d.DeletedAt == null).Select(d => d.Id).ToListAsync(cancel);
        await db.Files.Where(f => f.Id == id).ExecuteUpdateAsync(set => set.SetProperty(f => f.DeletedAt, now), cancel);
        await db.Datasets.Where(d => datasets.Contains(d.Id))
            .ExecuteUpdateAsync(set => set.SetProperty(d => d.DeletedAt, now).SetProperty(d => d.Version, d => d.Version + 1), cancel);
        await transaction.CommitAsync(cancel);
        foreach (var dataset in datasets) await DeletedInputs.RemoveAsync(db, objects, dataset, cancel);
        await DeletedInputs.RemoveFileAsync(db, objects, id, cancel);
        return null;
    }
}
