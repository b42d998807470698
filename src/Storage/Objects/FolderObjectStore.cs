using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>Objects as files below a folder; the key is the path.</summary>
public sealed partial class FolderObjectStore(string root) : IObjectStore
{
    private const int BufferSize = 1 << 17;

    public async Task<StoredObject> PutAsync(string key, Stream content, CancellationToken cancel)
    {
        var path = PathOf(key);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var unfinished = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            var (bytes, sha256) = await WriteAsync(unfinished, content, cancel);
            File.Move(unfinished, path, overwrite: true);
            return new(key, bytes, sha256);
        }
        finally
        {
            File.Delete(unfinished); // gone already where it was moved
        }
    }

    public async Task<StoredObject> PutFileAsync(string key, string path, CancellationToken cancel)
    {
        await using var content = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, BufferSize, FileOptions.Asynchronous);
        var to = PathOf(key);
        Directory.CreateDirectory(Path.GetDirectoryName(to)!);
        File.Delete(to);
        if (link(path, to) != 0) return await PutAsync(key, content, cancel); // another file system
        return new(key, content.Length, Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancel)));
    }

    public Task<Stream> OpenAsync(string key, CancellationToken cancel)
    {
        try
        {
            return Task.FromResult<Stream>(new FileStream(PathOf(key), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, BufferSize, FileOptions.Asynchronous));
        }
        catch (DirectoryNotFoundException)
        {
            throw new FileNotFoundException($"There is no object {key}.");
        }
    }

    public async Task FetchAsync(string key, string path, CancellationToken cancel)
    {
        if (!File.Exists(PathOf(key))) throw new FileNotFoundException($"There is no object {key}.");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (link(PathOf(key), path) == 0) return;
        File.Delete(path); // another file system, or a file from before
        await using var from = await OpenAsync(key, cancel);
        await using var to = File.Create(path);
        await from.CopyToAsync(to, cancel);
    }

    public Task DeleteAsync(string key, CancellationToken cancel)
    {
        var path = PathOf(key);
        if (File.Exists(path)) File.Delete(path);
        // Emptied folders go too, but for those at the top: somebody may be about to write there.
        for (var folder = Path.GetDirectoryName(path)!; Path.GetRelativePath(root, folder).Contains('/') && Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any(); folder = Path.GetDirectoryName(folder)!)
            Directory.Delete(folder);
        return Task.CompletedTask;
    }

    public async IAsyncEnumerable<string> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        await Task.CompletedTask;
        var folder = Path.Combine(root, prefix[..(prefix.LastIndexOf('/') + 1)]);
        if (!Directory.Exists(folder)) yield break;
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            cancel.ThrowIfCancellationRequested();
            var key = Path.GetRelativePath(root, file).Replace(Path.DirectorySeparatorChar, '/');
            if (key.StartsWith(prefix, StringComparison.Ordinal) && !key.EndsWith(".tmp")) yield return key;
        }
    }

    public async Task CheckAsync(CancellationToken cancel)
    {
        const string Probe = "probe";
        await PutAsync(Probe, new MemoryStream([1]), cancel);
        await DeleteAsync(Probe, cancel);
    }

    /// <summary>Writes to the disk, not only to its cache: a row that names the object must not outlive it in a power cut.</summary>
    private static async Task<(long Bytes, string Sha256)> WriteAsync(string path, Stream content, CancellationToken cancel)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.Asynchronous);
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

    private string PathOf(string key)
    {
        if (key.Split('/').Any(part => part is "" or "." or ".." || part.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-'))))
            throw new ArgumentException($"not the key of an object: {key}", nameof(key));
        return Path.Combine(root, key);
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int link(string from, string to);
}
