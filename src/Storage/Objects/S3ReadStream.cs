using Amazon.S3.Model;

namespace LoraDrop.Storage;

/// <summary>A seekable stream of an object in an S3 store. The first read requests the object from the current position to its end; seeking
/// drops that response.</summary>
internal sealed class S3ReadStream(S3Bucket bucket, string key, S3Head head) : Stream
{
    /// <summary>How many responses in a row may break off before their first byte.</summary>
    private const int Tries = 5;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private GetObjectResponse? _answer;
    private long _position;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => head.Bytes;

    public override long Position
    {
        get => _position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            if (value == _position) return;
            _position = value;
            Drop();
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty || _position >= Length) return 0;
        for (var tries = 1; ; tries++)
        {
            _answer ??= await bucket.GetAsync(key, head.ETag, _position, cancellationToken);
            var broken = await ReadOnAsync(_answer.ResponseStream, buffer, cancellationToken);
            if (broken.Read > 0) return broken.Read;
            Drop();
            if (tries == Tries)
                throw S3Answer.Unreachable(bucket.Options, $"the connection broke off {Tries} times while {key} was read", broken.Error);
            await Task.Delay(Pause * tries, cancellationToken);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Blocks until the store responds. Prefer the asynchronous method.</summary>
    public override int Read(byte[] buffer, int offset, int count) =>
        ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => Length + offset,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) Drop();
        base.Dispose(disposing);
    }

    /// <summary>Reads some bytes; none if the response ended too early, with the cause if known.</summary>
    private async Task<(int Read, Exception? Error)> ReadOnAsync(Stream body, Memory<byte> buffer, CancellationToken cancel)
    {
        try
        {
            var read = await body.ReadAsync(buffer, cancel);
            _position += read;
            return (read, null);
        }
        catch (Exception broken) when (!cancel.IsCancellationRequested && broken is IOException or HttpRequestException
            or OperationCanceledException)
        {
            return (0, broken);
        }
    }

    private void Drop()
    {
        _answer?.Dispose();
        _answer = null;
    }
}
