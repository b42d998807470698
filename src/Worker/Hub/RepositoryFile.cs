namespace LoraDrop.Worker;

/// <summary>A file of a repository at one commit, as the hub lists it.</summary>
/// <param name="Path">Relative to the repository, parts separated by <c>/</c>, none of them <c>..</c>.</param>
/// <param name="Size">Bytes.</param>
/// <param name="GitSha1">Git's name for the content; for a file in large file storage that of its pointer.</param>
/// <param name="Sha256">Of the content, for a file in large file storage; else null.</param>
internal sealed record RepositoryFile(string Path, long Size, string GitSha1, string? Sha256)
{
    /// <summary>What tells the content from any other: lower-case hex, so that it can be a file's name.</summary>
    public string Key => Sha256 ?? GitSha1;

    public string Extension => System.IO.Path.GetExtension(Path).ToLowerInvariant();
}
