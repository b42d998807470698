using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>The object store: an S3 store, whose settings are in the same section, or a folder that all hosts share.</summary>
public sealed record ObjectOptions
{
    /// <summary>An absolute folder, the same for the Api and all workers; default none, then <c>Bucket</c> is required.</summary>
    public string? Folder { get; init; }

    public IEnumerable<Fault> Faults(string path, S3Options s3)
    {
        var bucket = $"{path}:{nameof(S3Options.Bucket)}";
        if (Folder is not null)
            return s3.Bucket.Length > 0
                ? [new($"{path}:{nameof(Folder)}", "is given beside Bucket: objects are either in a folder or in a store")]
                : $"{path}:{nameof(Folder)}".AbsoluteFolder(Folder);
        return s3.Bucket.Length > 0
            ? s3.Faults(path)
            : [new(bucket, $"is required, or {SettingName.Of($"{path}:{nameof(Folder)}")} for a folder that all hosts share"),
            .. s3.Faults(path).Where(fault => fault.Path != bucket)];
    }
}
