using System.Net;

namespace LoraDrop.Api.Client;

/// <summary>A file as part of a request, streamed.</summary>
/// <param name="path">The file.</param>
/// <param name="sent">Called with bytes as they are sent.</param>
internal sealed class UploadedFile(string path, Action<long> sent) : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(path);
        var buffer = new byte[1 << 16];
        for (int read; (read = await file.ReadAsync(buffer, cancellationToken)) > 0; sent(read))
            await stream.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = new FileInfo(path).Length;
        return true;
    }
}
