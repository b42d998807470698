using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>The sources that the service allows.</summary>
public sealed record SourceOptions
{
    private const string OwnBucket = "is the bucket of the service's own objects, which is never a source";

    /// <summary>Whether <c>file:</c> may name any file of this machine: only safe if every user of the service may read them
    /// anyway.</summary>
    [NotASetting]
    public bool LocalFiles { get; init; }

    /// <summary>Absolute folders that <c>file:</c> sources may be under; default none. The Api and workers must see the same files at the
    /// same paths.</summary>
    public IReadOnlyList<string> Folders { get; init; } = [];

    /// <summary>Buckets that <c>s3://</c> sources may name; default none. They are in the store of <c>Objects</c>, and read with its
    /// key.</summary>
    public IReadOnlyList<string> S3Buckets { get; init; } = [];

    /// <summary>The store of the service's own objects; null if those are in a folder.</summary>
    [NotASetting]
    public S3Options? Store { get; init; }

    public IEnumerable<Fault> Faults(string path)
    {
        foreach (var (i, folder) in Folders.Index())
            foreach (var fault in $"{path}:{nameof(Folders)}:{i}".AbsoluteFolder(folder)) yield return fault;
        foreach (var (i, bucket) in S3Buckets.Index())
        {
            var at = $"{path}:{nameof(S3Buckets)}:{i}";
            if (!Source.IsBucket(bucket))
                yield return new(at, $"is no name of a bucket: {bucket} (3 to 63 lower-case letters, digits, dots and hyphens)");
            else if (Store is null)
                yield return new(at, "names a bucket of the store in Objects, and there is none: objects are in a folder");
            else if (bucket == Store.Bucket) yield return new(at, $"{OwnBucket}: put models and data into another");
        }
    }

    /// <summary>Why a bucket may not be read; null if it may.</summary>
    public string? Refusal(Source.S3 source) =>
        Store is null ? "s3:// needs a service that keeps its objects in an S3 store; this one keeps them in a folder. "
            + "Upload a dataset, or name a model on the hub"
        : source.Bucket == Store.Bucket ? $"{OwnBucket}, whatever the settings say: put models and data into another"
        : S3Buckets.Contains(source.Bucket) ? null
        : S3Buckets.Count == 0
        ? "s3:// may name no bucket of this service: its setting Sources:S3Buckets lists those that it may, and is empty"
        : $"is in a bucket that this service may not read: its setting Sources:S3Buckets does not list {source.Bucket}";

    /// <summary>Whether a <c>file:</c> source may be read. Links, also inside a folder, are resolved first.</summary>
    public bool Allows(string place) => LocalFiles
        || (IsUnderFolders(place) && (!Directory.Exists(place) || Directory.EnumerateFiles(place).All(IsUnderFolders)));

    private bool IsUnderFolders(string path)
    {
        var real = RealPath.Of(path);
        return Folders.Any(folder => real is null ? IsUnder(path, folder) : IsUnder(real, RealPath.Of(folder) ?? folder));
    }

    private static bool IsUnder(string path, string folder) => (path + '/').StartsWith(folder.TrimEnd('/') + '/', StringComparison.Ordinal);
}
