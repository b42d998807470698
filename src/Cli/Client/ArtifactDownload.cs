using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using LoraDrop.Api;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Downloads a job's files, each verified by its sha256. A broken download continues where it stopped.</summary>
/// <param name="service">The service.</param>
/// <param name="folder">Target folder; files keep their names.</param>
/// <param name="force">Whether to replace existing files that differ.</param>
internal sealed class ArtifactDownload(ServiceClient service, string folder, bool force)
{
    /// <summary>Suffix of an incomplete file.</summary>
    public const string Part = ".part";

    /// <summary>Called with bytes as they arrive.</summary>
    public Action<long> Arrived { get; init; } = _ => { };

    /// <summary>The files that are missing in the folder.</summary>
    /// <exception cref="RefusedInputException">Other files have their names.</exception>
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

    /// <summary>Downloads one file, continuing a partial one.</summary>
    /// <exception cref="ServiceUnreachableException">The connection broke; the part is kept.</exception>
    /// <exception cref="IOException">The disk is full, or the content does not match its sha256.</exception>
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
            throw new IOException(
                $"{artifact.Name}: what arrived has another sha256 than the service has written down. It is deleted; download it again.");
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
            // another file by now: all of it
            request.Headers.IfRange = new RangeConditionHeaderValue(new EntityTagHeaderValue($"\"{artifact.Sha256}\""));
        }
        using var answer = await service.OpenAsync(request, cancel);
        if (answer.StatusCode == HttpStatusCode.PartialContent) file.Seek(0, SeekOrigin.End);
        else file.SetLength(0);
        Arrived(file.Length);
        await using var body = new AnswerStream(service.Address, await answer.Content.ReadAsStreamAsync(cancel));
        var buffer = new byte[1 << 16];
        for (int read; (read = await body.ReadAsync(buffer, cancel)) > 0; Arrived(read))
            await file.WriteAsync(buffer.AsMemory(0, read), cancel);
    }

    /// <summary>The path of a file; a name that leads out of the folder is refused.</summary>
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
