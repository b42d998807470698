namespace LoraDrop.Worker;

/// <summary>A file of a repository at one commit, as the hub lists it.</summary>
/// <param name="Path">Relative to the repository, parts separated by <c>/</c>, none of them <c>..</c>.</param>
/// <param name="Size">Bytes.</param>
/// <param name="GitSha1">Git's blob id of the content; for files in large file storage, of the pointer.</param>
/// <param name="Sha256">SHA-256 of the content for files in large file storage; else null.</param>
internal sealed record RepositoryFile(string Path, long Size, string GitSha1, string? Sha256)
{
    /// <summary>Identifies the content: lower-case hexadecimal, usable as a file name.</summary>
    public string Key => Sha256 ?? GitSha1;

    public string Extension => System.IO.Path.GetExtension(Path).ToLowerInvariant();
}
