using System.Buffers;
using System.Threading.Channels;

namespace LoraDrop.Engine.Data;

/// <summary>Reads a stream on a thread of its own, a few blocks ahead: what unpacks and what parses work at the same time.</summary>
internal sealed class ReadAhead : ForwardStream
{
    private const int Block = 1 << 18, Most = 4;

    private readonly Stream _inner;
    private readonly Channel<(byte[] Bytes, int Length)> _blocks = Channel.CreateBounded<(byte[],
        int)>(new BoundedChannelOptions(Most) { SingleReader = true, SingleWriter = true });
    private readonly Task _reading;
    private byte[]? _block;
    private int _at, _length;

    /// <param name="inner">What is read; closed with this.</param>
    public ReadAhead(Stream inner)
    {
        _inner = inner;
        _reading = Task.Factory.StartNew(Fill, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    public override int Read(Span<byte> buffer)
    {
        while (_at == _length)
            if (!Next()) return 0;
        var read = Math.Min(buffer.Length, _length - _at);
        _block.AsSpan(_at, read).CopyTo(buffer);
        _at += read;
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        _blocks.Writer.TryComplete();   // the thread ends at its next block
        while (_blocks.Reader.TryRead(out _))
        {
            // Makes room, should it wait for some.
        }
        _reading.GetAwaiter().GetResult();
        _inner.Dispose();
        base.Dispose(disposing);
    }

    private bool Next()
    {
        if (_block is not null) ArrayPool<byte>.Shared.Return(_block);
        (_block, _at, _length) = (null, 0, 0);
        if (!_blocks.Reader.TryRead(out var next))
        {
            if (!_blocks.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult()) return false;   // throws what the thread met with
            return Next();
        }
        (_block, _length) = next;
        return true;
    }

    private void Fill()
    {
        try
        {
            while (true)
            {
                var block = ArrayPool<byte>.Shared.Rent(Block);
                var length = _inner.ReadAtLeast(block.AsSpan(0, Block), Block, throwOnEndOfStream: false);
                if (length > 0 && !Hand(block, length)) return;
                if (length < Block) break;
            }
            _blocks.Writer.TryComplete();
        }
        catch (Exception failed) when (failed is InvalidDataException or IOException)
        {
            _blocks.Writer.TryComplete(failed);
        }
    }

    private bool Hand(byte[] block, int length)
    {
        while (!_blocks.Writer.TryWrite((block, length)))
            if (!_blocks.Writer.WaitToWriteAsync().AsTask().GetAwaiter().GetResult()) return false;
        return true;
    }
}
