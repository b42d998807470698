using Amazon.S3.Model;

namespace LoraDrop.Storage;

/// <summary>An object of an S3 store as a stream that can seek. It is asked for when it is first read, from there to its end; seeking
/// elsewhere drops that answer.</summary>
internal sealed class S3ReadStream(S3Bucket bucket, string key, S3Head head) : Stream
{
    /// <summary>How often in a row an answer may break off before a byte of it has come.</summary>
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

    /// <summary>Waits for the store. Who can should read asynchronously.</summary>
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

    /// <summary>Some bytes, or none where the answer ended too early, with why if that is known.</summary>
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
