using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>An S3-compatible store.</summary>
public sealed class S3Options
{
    /// <summary>The bucket; default none.</summary>
    public string Bucket { get; set; } = "";

    public IEnumerable<Fault> Faults(string path) => Bucket.Contains('/') ? [new($"{path}:Bucket", "must be the name of a bucket")] : [];
}
