using System.Net;
using System.Net.Http.Headers;

namespace LoraDrop.Worker;

/// <summary>Downloads one file into a part file, resuming where an earlier attempt ended.</summary>
internal sealed class BlobDownload(HubConnection connection, RetryPolicy retries)
{
    /// <summary>Completes when the part file has at least the listed size; the caller must verify its content.</summary>
    /// <param name="repository">Explains a refusal.</param>
    /// <param name="file">What to fetch.</param>
    /// <param name="part">The part file; kept if the fetch is cancelled or fails, so that the next one can resume.</param>
    /// <param name="arrived">Receives the length of the part file after each chunk.</param>
    /// <param name="cancel">Cancels the fetch.</param>
    public async Task RunAsync(HubRepository repository, RepositoryFile file, string part, Action<long> arrived, CancellationToken cancel)
    {
        await using var target = new FileStream(part, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0,
            useAsync: true);
        EntityTagHeaderValue? etag = null;   // known only within this call; across calls the hash decides
        await retries.TryAsync(async () =>
        {
            if (target.Length >= file.Size) return true;
            using var response = await connection.GetAsync(repository.AddressOf(file), target.Length, etag, cancel);
            Prepare(target, response);
            repository.Refusal.ThrowIfRefused(response);
            etag = response.Headers.ETag;
            await CopyAsync(response, target, file.Size, arrived, cancel);
            return target.Length >= file.Size
                ? true
                : throw new TransientFault($"{file.Path} ended after {target.Length} of {file.Size} bytes");
        }, () => target.Length, cancel);
    }

    /// <summary>Keeps the part file if the response continues it, else truncates it.</summary>
    private static void Prepare(FileStream target, HttpResponseMessage response)
    {
        var goesOn = response.StatusCode == HttpStatusCode.PartialContent && response.Content.Headers.ContentRange?.From == target.Length;
        if (!goesOn && response.IsSuccessStatusCode) target.SetLength(0);
        if (response.StatusCode == HttpStatusCode.PartialContent && !goesOn)
            throw new TransientFault("it sent a different range than requested");
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            target.SetLength(0);
            throw new TransientFault("the requested range is beyond the end of the file");
        }
        target.Seek(0, SeekOrigin.End);
    }

    private async Task CopyAsync(HttpResponseMessage response, FileStream target, long size, Action<long> arrived, CancellationToken cancel)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancel);
        var buffer = new byte[1 << 17];
        while (target.Length <= size && await connection.ReadAsync(body, buffer, cancel) is > 0 and var read)
        {
            await target.WriteAsync(buffer.AsMemory(0, read), CancellationToken.None);   // received data is kept
            arrived(target.Length);
        }
    }
}
