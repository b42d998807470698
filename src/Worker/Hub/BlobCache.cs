using LoraDrop.Domain;

namespace LoraDrop.Worker;

/// <summary>A cache of files fetched from the hub, named by hash.</summary>
/// <remarks>
/// <code>
/// blobs/{hash}        complete and verified; shared with the folders of jobs by hard links
/// blobs/{hash}.part   being downloaded
/// locks/{hash}        held while it is being downloaded
/// </code>
/// A blob is verified each time it is requested, so damage by a disk or a job is repaired and never passed on. Nothing is ever
/// removed: the folder may be deleted while no fetch runs.
/// </remarks>
internal sealed class BlobCache(string folder, BlobDownload download, TimeProvider time)
{
    /// <summary>A file in the cache.</summary>
    public sealed record Blob(string Path, string Sha256);

    /// <summary>Requires that all files fit on the disk.</summary>
    /// <exception cref="IOException">There is not enough free space.</exception>
    public void RequireRoom(IEnumerable<RepositoryFile> files)
    {
        Directory.CreateDirectory(folder);
        var missing = files.Where(file => !File.Exists(PathOf(file))).Sum(file => Math.Max(0, file.Size - LengthOf(PartOf(file))));
        DiskSpace.Require(folder, missing);
    }

    /// <summary>Gets a file from the cache, fetching it if necessary.</summary>
    /// <param name="repository">Where the file is.</param>
    /// <param name="file">What to fetch.</param>
    /// <param name="arrived">Receives the number of bytes so far.</param>
    /// <param name="cancel">Cancels the fetch; received data is kept.</param>
    /// <exception cref="RefusedInputException">The hub refuses the file, or sends content that does not match its hash twice.</exception>
    public async Task<Blob> GetAsync(HubRepository repository, RepositoryFile file, Action<long> arrived, CancellationToken cancel)
    {
        var blob = await FindAsync(file, cancel);
        if (blob is null)
        {
            Directory.CreateDirectory(Path.Combine(folder, "blobs"));
            Directory.CreateDirectory(Path.Combine(folder, "locks"));
            using var alone = await BlobLock.TakeAsync(Path.Combine(folder, "locks", file.Key), time, cancel);
            blob = await FindAsync(file, cancel) ?? await FetchAsync(repository, file, arrived, cancel);
        }
        arrived(file.Size);
        return blob;
    }

    private async Task<Blob?> FindAsync(RepositoryFile file, CancellationToken cancel)
    {
        var path = PathOf(file);
        return LengthOf(path) == file.Size && File.Exists(path) && await ContentDigest.OfAsync(path, cancel) is var digest
            && digest.IsOf(file)
            ? new(path, digest.Sha256)
            : null;
    }

    private async Task<Blob> FetchAsync(HubRepository repository, RepositoryFile file, Action<long> arrived, CancellationToken cancel)
    {
        var part = PartOf(file);
        for (var tries = 0; tries < 2; tries++)   // twice, because the first may have resumed from a damaged part
        {
            await download.RunAsync(repository, file, part, arrived, cancel);
            if (await ContentDigest.OfAsync(part, cancel) is var digest && digest.IsOf(file)) return Keep(part, file, digest);
            File.Delete(part);
        }
        throw repository.Refused(
            $"the content of {file.Path} does not match the hub's listing "
            + $"({(file.Sha256 is null ? "git" : "sha256")} {file.Key}, {file.Size} bytes), twice in a row. The "
            + "download was deleted; try again later");
    }

    private Blob Keep(string part, RepositoryFile file, ContentDigest digest)
    {
        var path = PathOf(file);
        File.Move(part, path, overwrite: true);
        return new(path, digest.Sha256);
    }

    private string PathOf(RepositoryFile file) => Path.Combine(folder, "blobs", file.Key);

    private string PartOf(RepositoryFile file) => PathOf(file) + ".part";

    private static long LengthOf(string path) => new FileInfo(path) is { Exists: true } found ? found.Length : 0;
}
