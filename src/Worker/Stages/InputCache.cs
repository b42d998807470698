using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Worker;

/// <summary>A cache of models and datasets on this worker's disk by SHA-256, so that jobs on the same model fetch nothing.</summary>
/// <remarks>
/// <code>
/// {sha256}            complete and verified; shared with running stages by hard links, so that it can be removed while they read it
/// {sha256}.{n}.part   being fetched
/// </code>
/// Beyond the limit, the least recently used files are removed first. Each file is verified when used; damaged files are fetched again.
/// </remarks>
internal sealed class InputCache(IObjectStore objects, WorkFolders folders, WorkerOptions options, TimeProvider clock,
    ILogger<InputCache> log)
{
    /// <summary>Age after which a part file is abandoned: no fetch goes this long without writing.</summary>
    private static readonly TimeSpan FetchesTake = TimeSpan.FromHours(1);

    private readonly string _folder = Path.Combine(folders.Cache, "inputs");
    private readonly long _limit = (long)(options.CacheGiB * (1L << 30));
    private readonly Lock _gate = new();

    /// <summary>Fetches a stored file to a path.</summary>
    /// <exception cref="DamagedObjectException">The stored content is damaged.</exception>
    public async Task FetchAsync(StoredFile file, string path, CancellationToken cancel)
    {
        Directory.CreateDirectory(_folder);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var kept = Path.Combine(_folder, file.Sha256);
        if (await IsKeptAsync(kept, path, file, cancel)) return;
        var part = $"{kept}.{Guid.NewGuid():N}.part";
        try
        {
            MakeRoom(file.Bytes);
            await objects.FetchAsync(file.Key, part, cancel);
            if (await StageInputs.Sha256Async(part, cancel) != file.Sha256) throw new DamagedObjectException(file);
            HardLink.Place(part, path);
            if (file.Bytes <= _limit) File.Move(part, kept, overwrite: true);
        }
        finally
        {
            File.Delete(part);
        }
    }

    private async Task<bool> IsKeptAsync(string kept, string path, StoredFile file, CancellationToken cancel)
    {
        if (!File.Exists(kept)) return false;
        try
        {
            HardLink.Place(kept, path);
            if (await StageInputs.Sha256Async(path, cancel) == file.Sha256)
            {
                File.SetLastWriteTimeUtc(kept, clock.GetUtcNow().UtcDateTime);
                return true;
            }
            log.CacheDamaged(file.Sha256);
            File.Delete(kept);
        }
        catch (FileNotFoundException)
        {
            // Another stage removed it in the meantime.
        }
        return false;
    }

    /// <summary>Removes the least recently used files until the new file fits within the limit.</summary>
    private void MakeRoom(long bytes)
    {
        lock (_gate)
        {
            var files = Files().ToList();
            var since = (clock.GetUtcNow() - FetchesTake).UtcDateTime;
            foreach (var left in files.Where(f => f.Path.EndsWith(".part", StringComparison.Ordinal) && f.Used < since))
                File.Delete(left.Path); // left by a killed worker
            var kept = files.Where(f => !f.Path.EndsWith(".part", StringComparison.Ordinal)).OrderBy(f => f.Used).ToList();
            var total = kept.Sum(f => f.Bytes) + bytes;
            foreach (var oldest in kept.TakeWhile(_ => total > _limit))
            {
                total -= oldest.Bytes;
                File.Delete(oldest.Path);
                log.CacheRemoved(Path.GetFileName(oldest.Path), oldest.Bytes);
            }
        }
    }

    /// <summary>The cached files. Workers of this machine may share the folder and remove files concurrently.</summary>
    private IEnumerable<(string Path, long Bytes, DateTime Used)> Files()
    {
        foreach (var file in new DirectoryInfo(_folder).EnumerateFiles())
            if (file.Exists) yield return (file.FullName, file.Length, file.LastWriteTimeUtc);
    }
}
