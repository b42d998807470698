using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>Objects as files below a folder, which several machines may share; the key is the path.</summary>
public sealed partial class FolderObjectStore(string root) : IObjectStore
{
    private const int BufferSize = 1 << 17;
    private const string Unfinished = ".tmp";

    public async Task<StoredObject> PutAsync(string key, Stream content, CancellationToken cancel)
    {
        var unfinished = UnfinishedOf(PathOf(key));
        try
        {
            var (bytes, sha256) = await WriteAsync(unfinished, content, cancel);
            return await PublishAsync(unfinished, new(key, bytes, sha256), cancel);
        }
        finally
        {
            Remove(unfinished);
        }
    }

    public async Task<StoredObject> PutFileAsync(string key, string path, CancellationToken cancel)
    {
        await using var content = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, BufferSize,
            FileOptions.Asynchronous);
        var unfinished = UnfinishedOf(PathOf(key));
        if (!TryLink(path, unfinished)) return await PutAsync(key, content, cancel);
        try
        {
            RandomAccess.FlushToDisk(content.SafeFileHandle);
            return await PublishAsync(unfinished, new(key, content.Length, await Sha256Async(content, cancel)), cancel);
        }
        finally
        {
            Remove(unfinished);
        }
    }

    public Task<Stream> OpenAsync(string key, CancellationToken cancel)
    {
        try
        {
            return Task.FromResult<Stream>(new FileStream(PathOf(key), FileMode.Open, FileAccess.Read,
                FileShare.ReadWrite | FileShare.Delete, BufferSize, FileOptions.Asynchronous));
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            throw NotThere(key);
        }
    }

    public async Task FetchAsync(string key, string path, CancellationToken cancel)
    {
        if (!File.Exists(PathOf(key))) throw NotThere(key);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var unfinished = $"{path}.{Guid.NewGuid():N}{Unfinished}";
        try
        {
            if (link(PathOf(key), unfinished) != 0) // another file system
            {
                await using var from = await OpenAsync(key, cancel);
                await using var to = new FileStream(unfinished, FileMode.CreateNew, FileAccess.Write, FileShare.None, BufferSize,
                    FileOptions.Asynchronous);
                await from.CopyToAsync(to, cancel);
            }
            File.Move(unfinished, path, overwrite: true);
        }
        finally
        {
            Remove(unfinished); // still there if the target already was the same file
        }
    }

    public Task DeleteAsync(string key, CancellationToken cancel)
    {
        var path = PathOf(key);
        try
        {
            File.Delete(path);
            // Empty folders are removed too, except the top ones.
            for (var folder = Path.GetDirectoryName(path)!; Path.GetRelativePath(root, folder).Contains('/')
                && !Directory.EnumerateFileSystemEntries(folder).Any(); folder = Path.GetDirectoryName(folder)!)
                Directory.Delete(folder);
        }
        catch (DirectoryNotFoundException)
        {
            // It did not exist, or another process removed the folder.
        }
        catch (IOException) when (!File.Exists(path))
        {
            // Another process wrote into the folder meanwhile: it stays.
        }
        return Task.CompletedTask;
    }

    public async IAsyncEnumerable<ListedObject> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        await Task.CompletedTask;
        foreach (var file in FilesBelow(Path.Combine(root, prefix[..(prefix.LastIndexOf('/') + 1)])))
        {
            cancel.ThrowIfCancellationRequested();
            var key = Path.GetRelativePath(root, file.FullName).Replace(Path.DirectorySeparatorChar, '/');
            if (!key.StartsWith(prefix, StringComparison.Ordinal) || key.EndsWith(Unfinished, StringComparison.Ordinal)) continue;
            if (file.Exists) yield return new(key, file.Length, file.LastWriteTimeUtc); // reads from disk once; the result is cached
        }
    }

    public ValueTask<Uri?> DownloadAddressAsync(string key, string fileName, string contentType, TimeSpan valid,
        CancellationToken cancel) => new((Uri?)null);

    public Task<int> RemoveUnfinishedAsync(DateTimeOffset before, CancellationToken cancel)
    {
        var removed = 0;
        foreach (var file in FilesBelow(root))
        {
            cancel.ThrowIfCancellationRequested();
            if (!file.Name.EndsWith(Unfinished, StringComparison.Ordinal) || !file.Exists || file.LastWriteTimeUtc >= before) continue;
            file.Delete();
            removed++;
        }
        return Task.FromResult(removed);
    }

    public async Task CheckAsync(CancellationToken cancel)
    {
        var probe = $"probe-{Guid.NewGuid():N}";
        await PutAsync(probe, new MemoryStream([1]), cancel);
        await DeleteAsync(probe, cancel);
    }

    /// <summary>Gives a complete file its object's name. A link, unlike a move, fails if the name exists: two writers cannot both
    /// succeed.</summary>
    private async Task<StoredObject> PublishAsync(string unfinished, StoredObject stored, CancellationToken cancel)
    {
        var path = PathOf(stored.Key);
        while (!File.Exists(path))
        {
            if (link(unfinished, path) == 0) return stored;
            if (Marshal.GetLastPInvokeError() == Exists) continue;
            File.Move(unfinished, path, overwrite: false); // a file system without links: a check, then a move
            return stored;
        }
        await using var there = await OpenAsync(stored.Key, cancel);
        return await Sha256Async(there, cancel) == stored.Sha256 ? stored : throw new ObjectTakenException(stored.Key);
    }

    /// <summary>Links to a file and sets its time to now: a sweep must not take an old file for an old object.</summary>
    private static bool TryLink(string path, string to)
    {
        try
        {
            CreateFolderOf(to);
            File.SetLastWriteTimeUtc(path, TimeProvider.System.GetUtcNow().UtcDateTime);
            return link(path, to) == 0;
        }
        catch (UnauthorizedAccessException)
        {
            return false; // another user's file: a copy is ours
        }
    }

    /// <summary>Flushes to the disk, not only to its cache: a row that names the object must not outlive it in a power cut.</summary>
    private static async Task<(long Bytes, string Sha256)> WriteAsync(string path, Stream content, CancellationToken cancel)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            await using var file = Create(path);
            int read;
            while ((read = await content.ReadAsync(buffer, cancel)) > 0)
            {
                hash.AppendData(buffer, 0, read);
                await file.WriteAsync(buffer.AsMemory(0, read), cancel);
            }
            file.Flush(flushToDisk: true);
            return (file.Length, Convert.ToHexStringLower(hash.GetHashAndReset()));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Creates a file and its folders; tries again if another process has just removed an empty folder.</summary>
    private static FileStream Create(string path)
    {
        for (var tries = 1; ; tries++)
        {
            CreateFolderOf(path);
            try
            {
                return new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.Asynchronous);
            }
            catch (Exception gone) when (gone is DirectoryNotFoundException or FileNotFoundException && tries < 10)
            {
                // Try again.
            }
        }
    }

    private static void CreateFolderOf(string path) => Directory.CreateDirectory(Path.GetDirectoryName(path)!);

    private static void Remove(string unfinished)
    {
        if (File.Exists(unfinished)) File.Delete(unfinished);
    }

    private static IEnumerable<FileInfo> FilesBelow(string folder) =>
        Directory.Exists(folder) ? new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories) : [];

    private static async Task<string> Sha256Async(Stream content, CancellationToken cancel) =>
        Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancel));

    private static FileNotFoundException NotThere(string key) => new($"There is no object {key}.");

    private static string UnfinishedOf(string path) => $"{path}.{Guid.NewGuid():N}{Unfinished}";

    private string PathOf(string key) => Path.Combine(root, ObjectKey.Checked(key));

    private const int Exists = 17; // EEXIST

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int link(string from, string to);
}
