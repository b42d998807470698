using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Worker;

/// <summary>Models and datasets on this worker's disk, by their sha256, so that a job on the same model fetches nothing.</summary>
/// <remarks>
/// <code>
/// {sha256}            whole and checked; the folders of running stages share it by hard links, so that it may be removed while they read
/// {sha256}.{n}.part   on its way
/// </code>
/// What has not been used for longest goes first where the limit is passed. Each file is checked when it is handed out: what a disk has done to it is fetched anew.
/// </remarks>
internal sealed class InputCache(IObjectStore objects, WorkFolders folders, WorkerOptions options, TimeProvider clock, ILogger<InputCache> log)
{
    /// <summary>No fetch takes as long without writing.</summary>
    private static readonly TimeSpan FetchesTake = TimeSpan.FromHours(1);

    private readonly string _folder = Path.Combine(folders.Cache, "inputs");
    private readonly long _limit = (long)(options.CacheGiB * (1L << 30));
    private readonly Lock _gate = new();

    /// <summary>Brings a stored file to a path.</summary>
    /// <exception cref="DamagedObjectException">What the store has is not what was stored.</exception>
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
            // Another stage made room in this very moment.
        }
        return false;
    }

    /// <summary>Removes what was used longest ago, until the limit holds with the newcomer.</summary>
    private void MakeRoom(long bytes)
    {
        lock (_gate)
        {
            var files = Files().ToList();
            var since = (clock.GetUtcNow() - FetchesTake).UtcDateTime;
            foreach (var left in files.Where(f => f.Path.EndsWith(".part", StringComparison.Ordinal) && f.Used < since)) File.Delete(left.Path); // by a worker that was killed
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

    /// <summary>What is there; workers of this machine may share the folder, and remove what another just saw.</summary>
    private IEnumerable<(string Path, long Bytes, DateTime Used)> Files()
    {
        foreach (var file in new DirectoryInfo(_folder).EnumerateFiles())
            if (file.Exists) yield return (file.FullName, file.Length, file.LastWriteTimeUtc);
    }
}
