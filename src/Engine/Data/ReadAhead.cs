using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace LoraDrop.Engine.Data;

/// <summary>Reads a stream on its own thread, a few blocks ahead, so that decompression and parsing run at the same time.</summary>
internal sealed class ReadAhead : ForwardStream
{
    private const int Block = 1 << 18, Most = 4;

    private readonly Stream _inner;
    private readonly BlockingCollection<(byte[] Bytes, int Length)> _blocks = new(Most);
    private readonly CancellationTokenSource _closing = new();
    private readonly Thread _reading;
    private ExceptionDispatchInfo? _failure;
    private byte[]? _block;
    private int _at, _length;
    private bool _disposed;

    /// <param name="inner">The stream to read; closed with this one.</param>
    public ReadAhead(Stream inner)
    {
        _inner = inner;
        _reading = new Thread(Fill) { IsBackground = true, Name = nameof(ReadAhead) };
        _reading.Start();
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
        if (_disposed) return;
        _disposed = true;
        _closing.Cancel(); // the thread ends at its next block
        _reading.Join();
        _inner.Dispose();
        _blocks.Dispose();
        _closing.Dispose();
        base.Dispose(disposing);
    }

    private bool Next()
    {
        if (_block is not null) ArrayPool<byte>.Shared.Return(_block);
        (_block, _at, _length) = (null, 0, 0);
        if (_blocks.TryTake(out var next, Timeout.Infinite))
        {
            (_block, _length) = next;
            return true;
        }
        _failure?.Throw();
        return false;
    }

    /// <summary>Any exception on the thread is rethrown to the reader, which would otherwise wait forever.</summary>
    private void Fill()
    {
        try
        {
            while (true)
            {
                var block = ArrayPool<byte>.Shared.Rent(Block);
                var length = _inner.ReadAtLeast(block.AsSpan(0, Block), Block, throwOnEndOfStream: false);
                if (length > 0) _blocks.Add((block, length), _closing.Token);
                if (length < Block) break;
            }
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested)
        {
            // The stream is closed.
        }
        catch (Exception failed)
        {
            _failure = ExceptionDispatchInfo.Capture(failed);
        }
        finally
        {
            _blocks.CompleteAdding();
        }
    }
}
