using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>
/// A folder of a bucket, fetched as it stood at one moment: each object is looked at first, read as long as it is the same, and looked at again when all have
/// come. What changed meanwhile is refused: a mixture of two states is neither.
/// </summary>
/// <param name="bucket">Disposed of with this.</param>
/// <param name="source">The bucket and the folder.</param>
/// <param name="path">Where it stands in the request; what is wrong with it is a fault there.</param>
/// <param name="outages">Waits while the store is gone.</param>
internal sealed class BucketFolder(S3Bucket bucket, Source.S3 source, string path, Outages outages) : IDisposable
{
    /// <summary>A model or a dataset is a folder of some files; more than this is another folder than was meant.</summary>
    private const int MostObjects = 10_000;

    private const int LongestSmall = 64 << 20;

    private readonly Dictionary<string, S3Head> _seen = [];

    /// <summary>The names in the folder, relative to it.</summary>
    /// <exception cref="RefusedInputException">There is none, or there are very many.</exception>
    public async Task<IReadOnlySet<string>> NamesAsync(CancellationToken cancel)
    {
        var keys = await AskAsync(async () =>
        {
            var found = new List<string>();
            await foreach (var listed in bucket.ListAsync(Folder, cancel))
            {
                found.Add(listed.Key);
                if (found.Count > MostObjects) throw Refused($"{source} holds more than {MostObjects:N0} objects; name the folder that has just the {path}");
            }
            return found;
        }, cancel);
        if (keys.Count == 0) throw Refused($"there is nothing in {source}");
        var names = keys.Select(key => key[Folder.Length..]).Where(name => name.Length > 0 && !name.EndsWith('/')).ToHashSet(); // a console marks folders by empty objects
        return names.Count > 0 ? names : throw Refused($"{source} is an empty folder");
    }

    public async Task<bool> HasAsync(string name, CancellationToken cancel) => await LookAsync(name, cancel) is not null;

    /// <summary>Fetches a file that says which others are wanted.</summary>
    public async Task<string> FetchSmallAsync(string name, string folder, CancellationToken cancel)
    {
        await SeeAsync(name, cancel);
        if (_seen[name].Bytes > LongestSmall) throw Refused($"{name} of {source} is larger than {LongestSmall >> 20} MiB");
        var to = Path.Combine(folder, name);
        await FetchAsync(name, to, _ => { }, cancel);
        return to;
    }

    /// <summary>Fetches files into a folder.</summary>
    /// <param name="files">Their names here, and what they are to be called.</param>
    /// <param name="folder">Gets the files.</param>
    /// <param name="progress">Told for every piece that arrives.</param>
    /// <param name="cancel">Ends the fetch.</param>
    public async Task FetchAsync(IReadOnlyList<(string Name, string Called)> files, string folder, IProgress<HubProgress> progress, CancellationToken cancel)
    {
        foreach (var (name, _) in files) await SeeAsync(name, cancel);
        var (done, total) = (0L, files.Sum(file => _seen[file.Name].Bytes));
        DiskRoom.Require(folder, total);
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

    /// <summary>The next piece. After an outage it is the one that did not come before.</summary>
    private async Task<int> ReadAsync(string name, Stream from, byte[] buffer, CancellationToken cancel)
    {
        try
        {
            return await AskAsync(() => from.ReadAsync(buffer, cancel).AsTask(), cancel);
        }
        catch (RefusedInputException) when (!cancel.IsCancellationRequested)
        {
            if (await HasChangedAsync(name, cancel)) throw Changed(name); // the store says so in many ways: not that one, no such place in it, not there
            throw;
        }
    }

    private async Task SeeAsync(string name, CancellationToken cancel)
    {
        if (!_seen.ContainsKey(name)) _seen[name] = await LookAsync(name, cancel) ?? throw Changed(name);
    }

    private async Task<bool> HasChangedAsync(string name, CancellationToken cancel) => await LookAsync(name, cancel) is not { } now || (now.ETag, now.Bytes) != (_seen[name].ETag, _seen[name].Bytes);

    private Task<S3Head?> LookAsync(string name, CancellationToken cancel) => AskAsync(() => bucket.HeadAsync(Folder + name, cancel), cancel);

    /// <summary>Waits where the store is gone; what it refuses is the request's fault.</summary>
    private async Task<T> AskAsync<T>(Func<Task<T>> ask, CancellationToken cancel)
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

    private RefusedInputException Changed(string name) => Refused($"{name} of {source} changed while it was fetched; ask for it again when nobody writes to it");

    private RefusedInputException Refused(string message) => new(path, message);
}
