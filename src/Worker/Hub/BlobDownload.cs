using System.Net;
using System.Net.Http.Headers;

namespace LoraDrop.Worker;

/// <summary>Brings the bytes of one file into a part file, and goes on where an earlier attempt ended.</summary>
internal sealed class BlobDownload(HubConnection connection, Patience patience)
{
    /// <summary>Returns when the part file is as long as announced, or longer; whether it holds the right bytes is for the caller to check.</summary>
    /// <param name="repository">Explains a refusal.</param>
    /// <param name="file">What to fetch.</param>
    /// <param name="part">Kept when the fetch is cancelled or fails, for the next one to go on from.</param>
    /// <param name="arrived">Told the length of the part file after each piece.</param>
    /// <param name="cancel">Ends the fetch.</param>
    public async Task RunAsync(HubRepository repository, RepositoryFile file, string part, Action<long> arrived, CancellationToken cancel)
    {
        await using var target = new FileStream(part, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0, useAsync: true);
        EntityTagHeaderValue? etag = null;   // known within this call only; across calls the hash of the whole decides
        await patience.TryAsync(async () =>
        {
            if (target.Length >= file.Size) return true;
            using var response = await connection.GetAsync(repository.AddressOf(file), target.Length, etag, cancel);
            Prepare(target, response);
            repository.Refusal.ThrowIfRefused(response);
            etag = response.Headers.ETag;
            await CopyAsync(response, target, file.Size, arrived, cancel);
            return target.Length >= file.Size ? true : throw new PassingFault($"{file.Path} ended after {target.Length} of {file.Size} bytes");
        }, () => target.Length, cancel);
    }

    /// <summary>Keeps what is there if the answer goes on from it, and else empties the file.</summary>
    private static void Prepare(FileStream target, HttpResponseMessage response)
    {
        var goesOn = response.StatusCode == HttpStatusCode.PartialContent && response.Content.Headers.ContentRange?.From == target.Length;
        if (!goesOn && response.IsSuccessStatusCode) target.SetLength(0);
        if (response.StatusCode == HttpStatusCode.PartialContent && !goesOn) throw new PassingFault("it sent another part of the file than was asked for");
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            target.SetLength(0);
            throw new PassingFault("it has no more of the file than was fetched before");
        }
        target.Seek(0, SeekOrigin.End);
    }

    private async Task CopyAsync(HttpResponseMessage response, FileStream target, long size, Action<long> arrived, CancellationToken cancel)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancel);
        var buffer = new byte[1 << 17];
        while (target.Length <= size && await connection.ReadAsync(body, buffer, cancel) is > 0 and var read)
        {
            await target.WriteAsync(buffer.AsMemory(0, read), CancellationToken.None);   // what has come is kept
            arrived(target.Length);
        }
    }
}
