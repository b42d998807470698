using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>
/// A consistent snapshot of a bucket folder: each object is checked first, read while unchanged, and checked again at the
/// end. If anything changed in the meantime, the folder is refused.
/// </summary>
/// <param name="bucket">The bucket; disposed with this object.</param>
/// <param name="source">The bucket and the folder.</param>
/// <param name="path">The path in the request to which faults refer.</param>
/// <param name="outages">Waits while the store is unreachable.</param>
internal sealed class BucketFolder(S3Bucket bucket, Source.S3 source, string path, Outages outages) : IDisposable
{
    /// <summary>A model or dataset has few files; a folder with more objects is probably the wrong one.</summary>
    private const int MostObjects = 10_000;

    private const int LongestSmall = 64 << 20;

    private readonly Dictionary<string, S3Head> _seen = [];

    /// <summary>The names in the folder, relative to it.</summary>
    /// <exception cref="RefusedInputException">The folder is empty or has too many objects.</exception>
    public async Task<IReadOnlySet<string>> NamesAsync(CancellationToken cancel)
    {
        var keys = await RetryAsync(async () =>
        {
            var found = new List<string>();
            await foreach (var listed in bucket.ListAsync(Folder, cancel))
            {
                found.Add(listed.Key);
                if (found.Count > MostObjects)
                    throw Refused($"{source} has more than {MostObjects:N0} objects; use a folder that contains only the {path}");
            }
            return found;
        }, cancel);
        if (keys.Count == 0) throw Refused($"{source} does not exist or is empty");
        // S3 consoles mark folders with empty objects
        var names = keys.Select(key => key[Folder.Length..]).Where(name => name.Length > 0 && !name.EndsWith('/')).ToHashSet();
        return names.Count > 0 ? names : throw Refused($"{source} is an empty folder");
    }

    public async Task<bool> HasAsync(string name, CancellationToken cancel) => await HeadAsync(name, cancel) is not null;

    /// <summary>Fetches a small file that determines which others are needed.</summary>
    public async Task<string> FetchSmallAsync(string name, string folder, CancellationToken cancel)
    {
        await TrackAsync(name, cancel);
        if (_seen[name].Bytes > LongestSmall) throw Refused($"{name} of {source} is larger than {LongestSmall >> 20} MiB");
        var to = Path.Combine(folder, name);
        await FetchAsync(name, to, _ => { }, cancel);
        return to;
    }

    /// <summary>Fetches files into a folder.</summary>
    /// <param name="files">Their names in the bucket, and their local names.</param>
    /// <param name="folder">The target folder.</param>
    /// <param name="progress">Receives the progress of every chunk.</param>
    /// <param name="cancel">Cancels the fetch.</param>
    public async Task FetchAsync(IReadOnlyList<(string Name, string Called)> files, string folder, IProgress<HubProgress> progress,
        CancellationToken cancel)
    {
        foreach (var (name, _) in files) await TrackAsync(name, cancel);
        var (done, total) = (0L, files.Sum(file => _seen[file.Name].Bytes));
        DiskSpace.Require(folder, total);
        foreach (var (name, called) in files)
        {
            await FetchAsync(name, Path.Combine(folder, called), here => progress.Report(new(done + here, total)), cancel);
            done += _seen[name].Bytes;
        }
        foreach (var (name, _) in files)
            if (await HasChangedAsync(name, cancel)) throw Changed(name);
    }

    public void Dispose() => bucket.Dispose();

    private string Folder => source.Prefix.Length == 0 ? "" : source.Prefix + '/';

    private async Task FetchAsync(string name, string to, Action<long> arrived, CancellationToken cancel)
    {
        var buffer = new byte[1 << 17];
        Directory.CreateDirectory(Path.GetDirectoryName(to)!);
        await using var from = bucket.Open(Folder + name, _seen[name]);
        await using var file = new FileStream(to, FileMode.Create, FileAccess.Write, FileShare.None, 1, FileOptions.Asynchronous);
        while (await ReadAsync(name, from, buffer, cancel) is > 0 and var read)
        {
            await file.WriteAsync(buffer.AsMemory(0, read), cancel);
            arrived(file.Position);
        }
    }

    /// <summary>Reads the next chunk. After an outage it is the one that failed.</summary>
    private async Task<int> ReadAsync(string name, Stream from, byte[] buffer, CancellationToken cancel)
    {
        try
        {
            return await RetryAsync(() => from.ReadAsync(buffer, cancel).AsTask(), cancel);
        }
        catch (RefusedInputException) when (!cancel.IsCancellationRequested)
        {
            // stores report it in several ways: precondition failed, invalid range, not found
            if (await HasChangedAsync(name, cancel)) throw Changed(name);
            throw;
        }
    }

    private async Task TrackAsync(string name, CancellationToken cancel)
    {
        if (!_seen.ContainsKey(name)) _seen[name] = await HeadAsync(name, cancel) ?? throw Changed(name);
    }

    private async Task<bool> HasChangedAsync(string name, CancellationToken cancel) =>
        await HeadAsync(name, cancel) is not { } now || (now.ETag, now.Bytes) != (_seen[name].ETag, _seen[name].Bytes);

    private Task<S3Head?> HeadAsync(string name, CancellationToken cancel) =>
        RetryAsync(() => bucket.HeadAsync(Folder + name, cancel), cancel);

    /// <summary>Waits while the store is unreachable; a refusal becomes a fault of the request.</summary>
    private async Task<T> RetryAsync<T>(Func<Task<T>> ask, CancellationToken cancel)
    {
        try
        {
            return await outages.WaitOutAsync(ask, cancel);
        }
        catch (IOException refusal) when (refusal is not StoreUnreachableException)
        {
            throw Refused(refusal.Message);
        }
    }

    private RefusedInputException Changed(string name) =>
        Refused($"{name} of {source} changed while it was fetched; retry when nothing writes to it");

    private RefusedInputException Refused(string message) => new(path, message);
}
