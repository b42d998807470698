using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage;

/// <summary>User operations on single files: upload, delete. Jobs that name files get datasets like any other
/// (<see cref="Source.Files"/>).</summary>
public sealed class FileLife(JobsContext db, Caller caller, IObjectStore objects, TimeProvider clock)
{
    /// <summary>A key for a file's content: a new one for each attempt to store it, as objects are written once.</summary>
    public static string NewKey(Guid id) => $"files/{id:D}/{Guid.NewGuid():N}";

    public Task<FileRow?> FindAsync(Guid id, CancellationToken cancel) =>
        db.Files.AsNoTracking().SeenBy(caller).SingleOrDefaultAsync(f => f.Id == id, cancel);

    /// <summary>Registers a file whose content is already stored under a <see cref="NewKey"/>.</summary>
    public async Task<FileRow> AddAsync(Guid id, string name, string format, StoredObject stored, CancellationToken cancel)
    {
        var row = new FileRow { Id = id, Owner = caller.Owner, Name = name, Format = format, Key = stored.Key, Bytes = stored.Bytes,
            Sha256 = stored.Sha256, CreatedAt = clock.GetUtcNow() };
        db.Add(row);
        await db.SaveChangesAsync(cancel);
        return row;
    }

    /// <summary>Deletes a file for its users. Ended jobs still show it; its content is removed with the last of them.</summary>
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
