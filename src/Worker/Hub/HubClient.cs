using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>Fetches models and datasets from the Hugging Face hub, or a mirror of it, over HTTP.</summary>
/// <remarks>
/// What was fetched once is kept in the cache folder by its content, so fetching it again asks the hub for the list of files and transfers
/// nothing. A fetch that was cancelled or cut off goes on where it stopped. May be used from several threads and processes at once.
/// </remarks>
public sealed class HubClient : IDisposable
{
    private readonly HubOptions _options;
    private readonly HubConnection _connection;
    private readonly Patience _patience;
    private readonly BlobCache _cache;

    /// <param name="options">How to reach the hub.</param>
    /// <param name="cacheFolder">Where contents are kept; made when the first is fetched. Best on the disk of the target folders, which then
    /// get hard links instead of copies.</param>
    /// <param name="guard">Asked about every address that the hub points to and that is not its own.</param>
    /// <param name="time">The clock that waits and time-outs go by.</param>
    public HubClient(HubOptions options, string cacheFolder, OutgoingGuard guard, TimeProvider time)
    {
        _options = options;
        _connection = new HubConnection(options, guard, time);
        _patience = new Patience(options, time);
        _cache = new BlobCache(cacheFolder, new BlobDownload(_connection, _patience), time);
    }

    /// <summary>Fetches config.json, the tokenizer's files and the safetensors weights of a model, and nothing else.</summary>
    /// <param name="source">The repository, without a config.</param>
    /// <param name="folder">Gets the files, under their published names; made if it is not there. They may be hard links: not to be written into.</param>
    /// <param name="path">Where the source stands in the request, such as <c>model</c>; faults name it.</param>
    /// <param name="progress">Told for every piece that arrives, which is often.</param>
    /// <param name="cancel">Ends the fetch; what has come is kept for the next one.</param>
    /// <exception cref="RefusedInputException">The hub has no such model, does not show it, or it cannot be used here.</exception>
    /// <exception cref="HubUnreachableException">The hub gave no usable answer.</exception>
    /// <exception cref="IOException">The disk is full, or cannot be written.</exception>
    public async Task<HubSnapshot> FetchModelAsync(Source.Hub source, string folder, string path, IProgress<HubProgress>? progress, CancellationToken cancel)
    {
        if (source.Config is not null) throw new RefusedInputException(path, $"a model has no configs; leave out #{source.Config}");
        var repository = await OpenAsync(RepositoryKind.Model, source, path, cancel);
        var names = await ModelFiles.ChooseAsync(repository.Published, name => OpenAsync(repository, repository.Find(name)!, cancel));
        return await FetchAsync(repository, null, [.. names.Select(name => new ChosenFile(repository.Find(name)!, name))], folder, progress, cancel);
    }

    /// <summary>Fetches one config of a dataset, as <c>train.*</c> and, where there are such splits, <c>validation.*</c> and <c>test.*</c>.</summary>
    /// <param name="source">The repository; with a config if it has several and the preset names none of them.</param>
    /// <param name="preset">The task's preset, such as <c>glue/rte</c>, whose second part names a config; null for none.</param>
    /// <param name="folder">Gets the files; made if it is not there. They may be hard links: not to be written into.</param>
    /// <param name="path">Where the source stands in the request, such as <c>dataset</c>; faults name it.</param>
    /// <param name="progress">Told for every piece that arrives, which is often.</param>
    /// <param name="cancel">Ends the fetch; what has come is kept for the next one.</param>
    /// <exception cref="RefusedInputException">The hub has no such dataset, does not show it, or it cannot be used here.</exception>
    /// <exception cref="HubUnreachableException">The hub gave no usable answer.</exception>
    /// <exception cref="IOException">The disk is full, or cannot be written.</exception>
    public async Task<HubSnapshot> FetchDatasetAsync(
        Source.Hub source, string? preset, string folder, string path, IProgress<HubProgress>? progress, CancellationToken cancel)
    {
        var repository = await OpenAsync(RepositoryKind.Dataset, source, path, cancel);
        var choice = await DatasetFiles.ChooseAsync(repository, preset, file => OpenAsync(repository, file, cancel));
        return await FetchAsync(repository, choice.Config, choice.Files, folder, progress, cancel);
    }

    public void Dispose() => _connection.Dispose();

    private async Task<HubRepository> OpenAsync(RepositoryKind kind, Source.Hub source, string path, CancellationToken cancel)
    {
        var address = new RepositoryAddress(_options.Endpoint, kind, source);
        var refusal = new HubRefusal(address, hasToken: !string.IsNullOrWhiteSpace(_options.Token), path);
        var listing = new HubListing(_connection, _patience, address, refusal);
        var commit = await listing.CommitAsync(cancel);
        return new HubRepository(address, path, refusal, commit, await listing.FilesAsync(commit, cancel));
    }

    /// <summary>Fetches a file that says which others are wanted.</summary>
    private async Task<string> OpenAsync(HubRepository repository, RepositoryFile file, CancellationToken cancel) =>
        (await _cache.GetAsync(repository, file, _ => { }, cancel)).Path;

    /// <summary>Everything into the cache first, then into the folder: a fetch that fails leaves the folder as it was.</summary>
    private async Task<HubSnapshot> FetchAsync(
        HubRepository repository, string? config, IReadOnlyList<ChosenFile> files, string folder, IProgress<HubProgress>? progress, CancellationToken cancel)
    {
        _cache.RequireRoom(files.Select(chosen => chosen.File));
        var (done, total) = (0L, files.Sum(chosen => chosen.File.Size));
        var fetched = new List<(ChosenFile Chosen, BlobCache.Blob Blob)>();
        foreach (var chosen in files)
        {
            var blob = await _cache.GetAsync(repository, chosen.File, here => progress?.Report(new(done + here, total)), cancel);
            var end = chosen.IsNamedByContent ? await PublishedJson.EndOfAsync(blob.Path, cancel) ?? throw repository.Refused($"{chosen.File.Path} of {repository.Address.Name} holds neither JSON lines, an object on each line, nor a list of objects") : null;
            fetched.Add((end is null ? chosen : chosen with { Name = Path.ChangeExtension(chosen.Name, end) }, blob));
            done += chosen.File.Size;
        }
        Directory.CreateDirectory(folder);
        foreach (var (chosen, blob) in fetched) HardLink.Place(blob.Path, Path.Combine(folder, chosen.Name));
        return new(repository.Commit, config, [.. fetched.Select(f => new HubFile(f.Chosen.Name, f.Chosen.File.Path, f.Chosen.File.Size, f.Blob.Sha256))]);
    }
}
