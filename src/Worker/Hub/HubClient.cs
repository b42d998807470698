using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>Fetches models and datasets from the Hugging Face Hub or a mirror.</summary>
/// <remarks>
/// Fetched files are cached by content, so fetching them again only requests the list of files from the hub and transfers
/// nothing. Interrupted downloads resume. Safe for concurrent use by several threads and processes.
/// </remarks>
public sealed class HubClient : IDisposable
{
    private readonly HubOptions _options;
    private readonly HubConnection _connection;
    private readonly RetryPolicy _retries;
    private readonly BlobCache _cache;

    /// <param name="options">How to reach the hub.</param>
    /// <param name="cacheFolder">The cache folder; created on the first fetch. Best on the same disk as the target folders, which then
    /// get hard links instead of copies.</param>
    /// <param name="guard">Checks every address the hub redirects to outside its own host.</param>
    /// <param name="time">The clock for waits and timeouts.</param>
    public HubClient(HubOptions options, string cacheFolder, OutgoingGuard guard, TimeProvider time)
    {
        _options = options;
        _connection = new HubConnection(options, guard, time);
        _retries = new RetryPolicy(options, time);
        _cache = new BlobCache(cacheFolder, new BlobDownload(_connection, _retries), time);
    }

    /// <summary>Fetches only a model's config.json, tokenizer files and safetensors weights.</summary>
    /// <param name="source">The repository, without a config.</param>
    /// <param name="folder">The target folder, created if necessary. Files keep their published names and may be hard links; do not write
    /// to them.</param>
    /// <param name="path">The path of the source in the request, such as <c>model</c>, to which faults refer.</param>
    /// <param name="progress">Receives the progress of every chunk, which is often.</param>
    /// <param name="cancel">Cancels the fetch; received data is kept for the next one.</param>
    /// <exception cref="RefusedInputException">The model does not exist, is not accessible, or is not supported.</exception>
    /// <exception cref="HubUnreachableException">The hub gave no usable response.</exception>
    /// <exception cref="IOException">The disk is full, or cannot be written.</exception>
    public async Task<HubSnapshot> FetchModelAsync(Source.Hub source, string folder, string path, IProgress<HubProgress>? progress,
        CancellationToken cancel)
    {
        if (source.Config is not null) throw new RefusedInputException(path, $"a model has no configs; remove #{source.Config}");
        var repository = await OpenAsync(RepositoryKind.Model, source, path, cancel);
        var names = await ModelFiles.ChooseAsync(repository.Published, name => OpenAsync(repository, repository.Find(name)!, cancel));
        return await FetchAsync(repository, null, [.. names.Select(name => new ChosenFile(repository.Find(name)!, name))], folder, progress,
            cancel);
    }

    /// <summary>Fetches only the files of an adapter in PEFT's format.</summary>
    /// <exception cref="RefusedInputException">The adapter does not exist, is not accessible, or is not supported.</exception>
    /// <exception cref="HubUnreachableException">The hub gave no usable response.</exception>
    /// <exception cref="IOException">The disk is full, or cannot be written.</exception>
    public async Task<HubSnapshot> FetchAdapterAsync(Source.Hub source, string folder, string path, CancellationToken cancel)
    {
        var repository = await OpenAsync(RepositoryKind.Model, source, path, cancel);
        return await FetchAsync(repository, null, [.. AdapterFiles.Choose(repository.Published)
            .Select(name => new ChosenFile(repository.Find(name)!, name))], folder, null, cancel);
    }

    /// <summary>Fetches one config of a dataset, as <c>train.*</c> and, if present, <c>validation.*</c> and <c>test.*</c>.</summary>
    /// <param name="source">The repository; with a config if there are several and the preset does not determine one.</param>
    /// <param name="preset">The task's preset, such as <c>glue/rte</c>, whose second part names a config; null for none.</param>
    /// <param name="folder">The target folder, created if necessary. Files may be hard links; do not write to them.</param>
    /// <param name="path">The path of the source in the request, such as <c>dataset</c>, to which faults refer.</param>
    /// <param name="progress">Receives the progress of every chunk, which is often.</param>
    /// <param name="cancel">Cancels the fetch; received data is kept for the next one.</param>
    /// <exception cref="RefusedInputException">The dataset does not exist, is not accessible, or is not supported.</exception>
    /// <exception cref="HubUnreachableException">The hub gave no usable response.</exception>
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
        var listing = new HubListing(_connection, _retries, address, refusal);
        var commit = await listing.CommitAsync(cancel);
        return new HubRepository(address, path, refusal, commit, await listing.FilesAsync(commit, cancel));
    }

    /// <summary>Fetches a small file that determines which others are needed.</summary>
    private async Task<string> OpenAsync(HubRepository repository, RepositoryFile file, CancellationToken cancel) =>
        (await _cache.GetAsync(repository, file, _ => { }, cancel)).Path;

    /// <summary>Fetches everything into the cache first, then links it into the folder, so that a failed fetch leaves the folder
    /// unchanged.</summary>
    private async Task<HubSnapshot> FetchAsync(
        HubRepository repository, string? config, IReadOnlyList<ChosenFile> files, string folder, IProgress<HubProgress>? progress,
        CancellationToken cancel)
    {
        _cache.RequireRoom(files.Select(chosen => chosen.File));
        var (done, total) = (0L, files.Sum(chosen => chosen.File.Size));
        var fetched = new List<(ChosenFile Chosen, BlobCache.Blob Blob)>();
        foreach (var chosen in files)
        {
            var blob = await _cache.GetAsync(repository, chosen.File, here => progress?.Report(new(done + here, total)), cancel);
            var end = chosen.IsNamedByContent ? await PublishedJson.EndOfAsync(blob.Path, cancel)
                ?? throw repository.Refused(
                $"{chosen.File.Path} of {repository.Address.Name} contains neither JSON Lines nor a list of objects") : null;
            fetched.Add((end is null ? chosen : chosen with { Name = Path.ChangeExtension(chosen.Name, end) }, blob));
            done += chosen.File.Size;
        }
        Directory.CreateDirectory(folder);
        foreach (var (chosen, blob) in fetched) HardLink.Place(blob.Path, Path.Combine(folder, chosen.Name));
        return new(repository.Commit, config,
            [.. fetched.Select(f => new HubFile(f.Chosen.Name, f.Chosen.File.Path, f.Chosen.File.Size, f.Blob.Sha256))]);
    }
}
