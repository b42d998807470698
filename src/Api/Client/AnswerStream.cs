namespace LoraDrop.Api.Client;

/// <summary>The body of a response: reports a broken or silent connection as a network failure, not as one of the disk.</summary>
internal sealed class AnswerStream(Uri address, Stream body) : Stream
{
    /// <summary>Silence after which a connection counts as broken: three times the 15 seconds of an event stream's keep-alive.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(45);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        either.CancelAfter(Silence);
        try
        {
            return await body.ReadAsync(buffer, either.Token);
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException)
        {
            throw new ServiceUnreachableException($"the connection to {ServiceAddress.Shown(address)} broke", broken);
        }
        catch (OperationCanceledException silent) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ServiceUnreachableException($"nothing came from {ServiceAddress.Shown(address)} for {Silence.TotalSeconds:0} seconds",
                silent);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read asynchronously.");

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) body.Dispose();
        base.Dispose(disposing);
    }
}
