using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>Fetches models and datasets from buckets that the service may read, in the store of its own objects.</summary>
internal sealed class BucketClient(SourceOptions sources, Outages outages)
{
    /// <summary>Fetches config.json, the tokenizer's files and the safetensors weights of a model, and nothing else.</summary>
    /// <returns>The names of the files, which are in the folder then.</returns>
    /// <exception cref="RefusedInputException">There is no such model, it may not be read, it cannot be used here, or it changed while it was fetched.</exception>
    /// <exception cref="IOException">The disk is full, or cannot be written.</exception>
    public async Task<IReadOnlyList<string>> FetchModelAsync(Source.S3 source, string folder, IProgress<HubProgress> progress, CancellationToken cancel)
    {
        using var from = Open(source, "model");
        var there = await from.NamesAsync(cancel);
        var published = new PublishedFiles(source.ToString(), "model", there, "Convert it, and put model.safetensors beside it");
        var names = await ModelFiles.ChooseAsync(published, name => from.FetchSmallAsync(name, folder, cancel));
        await from.FetchAsync([.. names.Select(name => (name, name))], folder, progress, cancel);
        return names;
    }

    /// <summary>Fetches a dataset, as <c>train.*</c> and, where there are such splits, <c>validation.*</c> and <c>test.*</c>: from a folder, or one training file.</summary>
    /// <returns>The names of the files, which are in the folder then.</returns>
    /// <exception cref="RefusedInputException">There is no such dataset, it may not be read, or it changed while it was fetched.</exception>
    /// <exception cref="IOException">The disk is full, or cannot be written.</exception>
    public async Task<IReadOnlyList<string>> FetchDatasetAsync(Source.S3 source, string folder, IProgress<HubProgress> progress, CancellationToken cancel)
    {
        const string Path = "dataset";
        if (DataFormat.Ends.OrderByDescending(end => end.Length).FirstOrDefault(end => source.Prefix.EndsWith(end, StringComparison.Ordinal)) is { } extension && SplitAt(source.Prefix) is var (parent, file))
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
        var splits = DatasetSplit.All.Select(split => (split.Name, File: FileOf(split, there, source))).Where(split => split.File is not null)
            .Select(split => (split.File!, split.Name + DataFormat.Of(split.File!))).ToList();
        await from.FetchAsync(splits, folder, progress, cancel);
        return [.. splits.Select(split => split.Item2)];
    }

    /// <summary>The file of a split; null where there is none, which only the training split must have.</summary>
    private static string? FileOf(DatasetSplit split, IReadOnlySet<string> there, Source.S3 source)
    {
        foreach (var published in split.Published)
        {
            var found = DataFormat.Ends.Select(extension => published + extension).Where(there.Contains).ToArray();
            if (found.Length > 1) throw new RefusedInputException("dataset", $"{source} has {string.Join(" and ", found)}: keep one");
            if (found.Length == 1) return found[0];
        }
        if (split != DatasetSplit.Train) return null;
        throw new RefusedInputException("dataset", $"{source} has no {string.Join(", ", DataFormat.Ends.Select(extension => "train" + extension))}");
    }

    private static (string Parent, string Name) SplitAt(string key) => key.LastIndexOf('/') is >= 0 and var at ? (key[..at], key[(at + 1)..]) : ("", key);

    /// <summary>The worker's own settings are asked, too: whoever may write rows need not be one who may read buckets.</summary>
    private BucketFolder Open(Source.S3 source, string path) =>
        sources.Refusal(source) is { } refusal ? throw new RefusedInputException(path, refusal) : new(new S3Bucket(sources.Store!.Of(source.Bucket)), source, path, outages);
}
