using LoraDrop.Domain;

namespace LoraDrop.Worker;

/// <summary>The contents that were fetched from the hub, each once, named by its hash.</summary>
/// <remarks>
/// <code>
/// blobs/{hash}        whole and checked; the folders of jobs share it by hard links
/// blobs/{hash}.part   on its way
/// locks/{hash}        held by who fetches it
/// </code>
/// A blob is checked each time it is asked for, so what a disk or a job has done to it is mended and never passed on. Nothing is ever
/// removed: the folder may be deleted while no fetch runs.
/// </remarks>
internal sealed class BlobCache(string folder, BlobDownload download, TimeProvider time)
{
    /// <summary>A content in the cache.</summary>
    public sealed record Blob(string Path, string Sha256);

    /// <summary>Sees to it that all files fit on the disk before any of them fills it.</summary>
    /// <exception cref="IOException">They do not.</exception>
    public void RequireRoom(IEnumerable<RepositoryFile> files)
    {
        Directory.CreateDirectory(folder);
        var missing = files.Where(file => !File.Exists(PathOf(file))).Sum(file => Math.Max(0, file.Size - LengthOf(PartOf(file))));
        DiskRoom.Require(folder, missing);
    }

    /// <summary>The content of a file, fetched unless it is here already.</summary>
    /// <param name="repository">Where the file is.</param>
    /// <param name="file">What to fetch.</param>
    /// <param name="arrived">Told how many bytes of it are here.</param>
    /// <param name="cancel">Ends the fetch; what has come is kept.</param>
    /// <exception cref="RefusedInputException">The hub does not give it, or gives other bytes than it announced, twice.</exception>
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
        return LengthOf(path) == file.Size && File.Exists(path) && await ContentDigest.OfAsync(path, cancel) is var digest && digest.IsOf(file)
            ? new(path, digest.Sha256)
            : null;
    }

    private async Task<Blob> FetchAsync(HubRepository repository, RepositoryFile file, Action<long> arrived, CancellationToken cancel)
    {
        var part = PartOf(file);
        for (var tries = 0; tries < 2; tries++)   // twice, because the first may have gone on from a spoilt part
        {
            await download.RunAsync(repository, file, part, arrived, cancel);
            if (await ContentDigest.OfAsync(part, cancel) is var digest && digest.IsOf(file)) return Keep(part, file, digest);
            File.Delete(part);
        }
        throw repository.Refused(
            $"the hub sent other bytes for {file.Path} than it announced ({(file.Sha256 is null ? "git" : "sha256")} {file.Key}, {file.Size} bytes), twice. What came was deleted");
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
