using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>Fetches models and datasets from the buckets that the service is allowed to read.</summary>
internal sealed class BucketClient(SourceOptions sources, Outages outages)
{
    /// <summary>Fetches only a model's config.json, tokenizer files and safetensors weights.</summary>
    /// <returns>The names of the fetched files.</returns>
    /// <exception cref="RefusedInputException">The model does not exist, may not be read, is not supported, or changed while it was
    /// fetched.</exception>
    /// <exception cref="IOException">The disk is full, or cannot be written.</exception>
    public async Task<IReadOnlyList<string>> FetchModelAsync(Source.S3 source, string folder, IProgress<HubProgress> progress,
        CancellationToken cancel)
    {
        using var from = Open(source, "model");
        var there = await from.NamesAsync(cancel);
        var published = new PublishedFiles(source.ToString(), "model", there, "Convert it, and put model.safetensors beside it");
        var names = await ModelFiles.ChooseAsync(published, name => from.FetchSmallAsync(name, folder, cancel));
        await from.FetchAsync([.. names.Select(name => (name, name))], folder, progress, cancel);
        return names;
    }

    /// <summary>Fetches only the files of an adapter in PEFT's format.</summary>
    /// <exception cref="RefusedInputException">The adapter does not exist, may not be read, or changed while it was fetched.</exception>
    /// <exception cref="IOException">The disk is full, or cannot be written.</exception>
    public async Task FetchAdapterAsync(Source.S3 source, string folder, string path, CancellationToken cancel)
    {
        using var from = Open(source, path);
        var names = AdapterFiles.Choose(new(source.ToString(), path, await from.NamesAsync(cancel), ""));
        await from.FetchAsync([.. names.Select(name => (name, name))], folder, new Progress<HubProgress>(), cancel);
    }

    /// <summary>Fetches a dataset from a folder or a single training file, as <c>train.*</c> and, if present, <c>validation.*</c> and
    /// <c>test.*</c>.</summary>
    /// <returns>The names of the fetched files.</returns>
    /// <exception cref="RefusedInputException">The dataset does not exist, may not be read, or changed while it was fetched.</exception>
    /// <exception cref="IOException">The disk is full, or cannot be written.</exception>
    public async Task<IReadOnlyList<string>> FetchDatasetAsync(Source.S3 source, string folder, IProgress<HubProgress> progress,
        CancellationToken cancel)
    {
        const string Path = "dataset";
        if (DataFormat.Extensions.OrderByDescending(end => end.Length).FirstOrDefault(end =>
            source.Prefix.EndsWith(end, StringComparison.Ordinal)) is { } extension && SplitAt(source.Prefix) is var (parent, file))
        {
            using var beside = Open(source with { Prefix = parent }, Path);
            if (await beside.HasAsync(file, cancel))
            {
                await beside.FetchAsync([(file, "train" + extension)], folder, progress, cancel);
                return ["train" + extension];
            }
        }
        using var from = Open(source, Path);
        var there = await from.NamesAsync(cancel);
        var splits = DatasetSplit.All.Select(split => (split.Name, File: FileOf(split, there, source)))
            .Where(split => split.File is not null)
            .Select(split => (split.File!, split.Name + DataFormat.Of(split.File!))).ToList();
        await from.FetchAsync(splits, folder, progress, cancel);
        return [.. splits.Select(split => split.Item2)];
    }

    /// <summary>The file of a split; null if there is none. Only the training split is required.</summary>
    private static string? FileOf(DatasetSplit split, IReadOnlySet<string> there, Source.S3 source)
    {
        foreach (var published in split.Published)
        {
            var found = DataFormat.Extensions.Select(extension => published + extension).Where(there.Contains).ToArray();
            if (found.Length > 1)
                throw new RefusedInputException("dataset", $"{source} has both {string.Join(" and ", found)}; keep only one");
            if (found.Length == 1) return found[0];
        }
        if (split != DatasetSplit.Train) return null;
        throw new RefusedInputException("dataset",
            $"{source} has no {string.Join(", ", DataFormat.Extensions.Select(extension => "train" + extension))}");
    }

    private static (string Parent, string Name) SplitAt(string key) =>
        key.LastIndexOf('/') is >= 0 and var at ? (key[..at], key[(at + 1)..]) : ("", key);

    /// <summary>Checks the worker's own settings too: permission to write rows does not imply permission to read buckets.</summary>
    private BucketFolder Open(Source.S3 source, string path) =>
        sources.Refusal(source) is { } refusal
            ? throw new RefusedInputException(path, refusal)
            : new(new S3Bucket(sources.Store!.Of(source.Bucket)), source, path, outages);
}
