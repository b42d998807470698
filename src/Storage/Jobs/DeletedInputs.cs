using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage;

/// <summary>Models, datasets and files that were deleted. They are removed with the last job or dataset that refers to them.</summary>
internal static class DeletedInputs
{
    /// <summary>Removes a deleted model or dataset and its objects, unless a job still refers to it. Files read in place are not
    /// touched.</summary>
    public static async Task RemoveAsync(JobsContext db, IObjectStore objects, Guid input, CancellationToken cancel)
    {
        var files = await db.Datasets.Where(d => d.Id == input && d.TrainFileId != null)
            .Select(d => new { d.TrainFileId, d.ValidationFileId }).SingleOrDefaultAsync(cancel);
        var models = await DeleteAsync(db, db.Models.Where(m => m.Id == input && m.DeletedAt != null
            && !db.Jobs.Any(j => j.ModelId == m.Id)), cancel);
        var datasets = await DeleteAsync(db, db.Datasets.Where(d => d.Id == input && d.DeletedAt != null
            && !db.Jobs.Any(j => j.DatasetId == d.Id)), cancel);
        // The row goes first, as with a job: files without a row only waste space, a row without its files would mislead.
        if (models > 0) await RemoveObjectsAsync(objects, $"models/{input:D}/", cancel);
        if (datasets > 0) await RemoveObjectsAsync(objects, $"datasets/{input:D}/", cancel);
        if (datasets > 0 && files?.TrainFileId is { } train) await RemoveFileAsync(db, objects, train, cancel);
        if (datasets > 0 && files?.ValidationFileId is { } validation) await RemoveFileAsync(db, objects, validation, cancel);
    }

    /// <summary>Removes a deleted file and its content, unless a dataset still uses it.</summary>
    public static async Task RemoveFileAsync(JobsContext db, IObjectStore objects, Guid file, CancellationToken cancel)
    {
        var files = await DeleteAsync(db, db.Files.Where(f => f.Id == file && f.DeletedAt != null
            && !db.Datasets.Any(d => d.TrainFileId == f.Id || d.ValidationFileId == f.Id)), cancel);
        if (files > 0) await RemoveObjectsAsync(objects, $"files/{file:D}/", cancel);
    }

    /// <summary>Returns the number of rows removed. A job that found the row before its deletion may be saved just now: then the row stays,
    /// and is removed with that job.</summary>
    private static async Task<int> DeleteAsync<T>(JobsContext db, IQueryable<T> rows, CancellationToken cancel) where T : class
    {
        try
        {
            return await rows.ExecuteDeleteAsync(cancel);
        }
        catch (Exception failed) when (db.IsDangling(failed))
        {
            return 0;
        }
    }

    private static async Task RemoveObjectsAsync(IObjectStore objects, string prefix, CancellationToken cancel)
    {
        await foreach (var file in objects.ListAsync(prefix, cancel)) await objects.DeleteAsync(file.Key, cancel);
    }
}
