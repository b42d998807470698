using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using LoraDrop.Api;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Brings a job's files into a folder: whole and as their sha256 says, or not at all. What breaks off goes on where it stopped.</summary>
/// <param name="service">The service.</param>
/// <param name="folder">Where to; files keep their names in it.</param>
/// <param name="force">Whether a file that is there and differs is replaced.</param>
internal sealed class ArtifactDownload(ServiceClient service, string folder, bool force)
{
    /// <summary>The end of the name of a file that is not whole yet.</summary>
    public const string Part = ".part";

    /// <summary>Told bytes as they arrive.</summary>
    public Action<long> Arrived { get; init; } = _ => { };

    /// <summary>Those that are not in the folder yet.</summary>
    /// <exception cref="RefusedInputException">Others are there under their names.</exception>
    public async Task<IReadOnlyList<ArtifactView>> MissingAsync(IReadOnlyList<ArtifactView> wanted, CancellationToken cancel)
    {
        var (missing, faults) = (new List<ArtifactView>(), new List<Fault>());
        foreach (var artifact in wanted)
        {
            var path = PathOf(artifact);
            var same = File.Exists(path) && await Sha256Async(path, cancel) == artifact.Sha256;
            if (!same) missing.Add(artifact);
            if (!same && !force && Path.Exists(path)) faults.Add(new(path, "is there already and is another file; --force replaces it"));
        }
        return faults.Count == 0 ? missing : throw new RefusedInputException(faults);
    }

    /// <summary>Downloads one file; a part of it that is there is taken up.</summary>
    /// <exception cref="ServiceUnreachableException">The connection broke off; the part stays.</exception>
    /// <exception cref="IOException">The disk is full, or what arrived is not what the service promised.</exception>
    public async Task FetchAsync(ArtifactView artifact, CancellationToken cancel)
    {
        var path = PathOf(artifact);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var part = path + Part;
        if (File.Exists(part) && new FileInfo(part).Length > artifact.Bytes) File.Delete(part);
        await FillAsync(artifact, part, cancel);
        if (await Sha256Async(part, cancel) != artifact.Sha256)
        {
            File.Delete(part);
            throw new IOException($"{artifact.Name}: what arrived has another sha256 than the service has written down. It is deleted; download it again.");
        }
        File.Move(part, path, overwrite: true);
    }

    private async Task FillAsync(ArtifactView artifact, string part, CancellationToken cancel)
    {
        await using var file = new FileStream(part, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
        if (file.Length == artifact.Bytes && artifact.Bytes > 0) return;
        using var request = new HttpRequestMessage(HttpMethod.Get, artifact.Href.TrimStart('/'));
        if (file.Length > 0)
        {
            request.Headers.Range = new RangeHeaderValue(file.Length, null);
            request.Headers.IfRange = new RangeConditionHeaderValue(new EntityTagHeaderValue($"\"{artifact.Sha256}\"")); // another file by now: all of it
        }
        using var answer = await service.OpenAsync(request, cancel);
        if (answer.StatusCode == HttpStatusCode.PartialContent) file.Seek(0, SeekOrigin.End);
        else file.SetLength(0);
        Arrived(file.Length);
        await using var body = new AnswerStream(service.Address, await answer.Content.ReadAsStreamAsync(cancel));
        var buffer = new byte[1 << 16];
        for (int read; (read = await body.ReadAsync(buffer, cancel)) > 0; Arrived(read)) await file.WriteAsync(buffer.AsMemory(0, read), cancel);
    }

    /// <summary>Where a file goes; a name that leads out of the folder is refused, whoever sent it.</summary>
    private string PathOf(ArtifactView artifact)
    {
        var root = Path.GetFullPath(folder);
        var path = Path.GetFullPath(Path.Combine(root, artifact.Name));
        return path.StartsWith(Path.TrimEndingDirectorySeparator(root) + Path.DirectorySeparatorChar, StringComparison.Ordinal) ? path
            : throw new RefusedInputException(artifact.Name, $"the service names a file outside of {root}");
    }

    private static async Task<string> Sha256Async(string path, CancellationToken cancel)
    {
        await using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancel));
    }
}
