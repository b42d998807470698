using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace LoraDrop.Engine.Data;

/// <summary>Reads UTF-8 strictly, in blocks: every line with an invalid byte is a fault.</summary>
internal static class Utf8Text
{
    /// <summary>The longest line; a longer one is not text.</summary>
    private const int LongestLine = 256 << 20;

    /// <summary>The lines without their ends (<c>
    /// </c> or <c>\r
    /// </c>) and without the byte order mark; trailing blank lines are dropped.</summary>
    /// <param name="stream">The bytes.</param>
    /// <param name="faults">Receives the lines that are not UTF-8; they are read with replacement characters.</param>
    /// <returns>Each line with its number, from 1; its bytes are valid until the next line.</returns>
    public static IEnumerable<(int Number, ReadOnlyMemory<byte> Line)> Lines(Stream stream, DataFaults faults)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(1 << 18);
        try
        {
            int number = 0, blank = 0, start = 0, end = 0, looked = 0;
            long offset = 0;   // of buffer[0] in the text
            var valid = 0;   // lines that end here or before are known to be UTF-8: checking a whole buffer is faster than its lines
            for (var over = false; !over || start < end;)
            {
                var found = buffer.AsSpan(start + looked, end - start - looked).IndexOf((byte)'\n');
                if (found < 0 && !over)
                {
                    looked = end - start;
                    if (end == buffer.Length) (buffer, start, end, offset) = Room(buffer, start, end, offset);
                    var read = stream.Read(buffer.AsSpan(end));
                    over = read == 0;
                    end += read;
                    var ended = buffer.AsSpan(end - read, read).LastIndexOf((byte)'\n');
                    valid = ended >= 0 && Utf8.IsValid(buffer.AsSpan(start, end - read + ended - start)) ? end - read + ended : 0;
                    continue;
                }
                var length = found < 0 ? end - start : looked + found;
                var line = buffer.AsMemory(start, length);
                var at = offset + start;
                if (at == 0 && line.Span.StartsWith(Encoding.UTF8.Preamble)) (line, at) = (line[Encoding.UTF8.Preamble.Length..],
                    Encoding.UTF8.Preamble.Length);
                start += found < 0 ? length : length + 1;
                looked = 0;
                if (line.Span.Length > 0 && line.Span[^1] == '\r' && found >= 0) line = line[..^1];
                if (line.Span.Trim((byte)'\r').Length == 0)
                {
                    blank++;   // a blank line counts if another line follows
                    continue;
                }
                for (; blank > 0; blank--) yield return (++number, default);
                number++;
                if (start > valid + 1 && !Utf8.IsValid(line.Span)) line = Replaced(line.Span, number, at, faults);
                yield return (number, line);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Adds the fault of a line with invalid bytes.</summary>
    /// <param name="line">The line.</param>
    /// <param name="number">Its number, from 1.</param>
    /// <param name="at">The offset of its first byte in the file.</param>
    /// <param name="faults">Receives the fault.</param>
    internal static void AddFault(ReadOnlySpan<byte> line, long number, long at, DataFaults faults)
    {
        var wrong = 0;
        while (Rune.DecodeFromUtf8(line[wrong..], out _, out var length) == OperationStatus.Done) wrong += length;
        faults.Add($"line {number}", $"is not UTF-8: byte 0x{line[wrong]:X2} at offset {at + wrong} of the file");
    }

    private static byte[] Replaced(ReadOnlySpan<byte> line, int number, long at, DataFaults faults)
    {
        AddFault(line, number, at, faults);
        return Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(line));
    }

    private static (byte[] Buffer, int Start, int End, long Offset) Room(byte[] buffer, int start, int end, long offset)
    {
        if (start > buffer.Length / 2)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            return (buffer, 0, end - start, offset + start);
        }
        if (end - start >= LongestLine)
            throw new IOException($"a line of it is longer than {LongestLine >> 20} MiB: it is no text of rows");
        var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.AsSpan(start, end - start).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        return (larger, 0, end - start, offset + start);
    }
}

/// <summary>Passes on UTF-8 text without its byte order mark, and adds a fault for every line with an invalid byte.</summary>
internal sealed class Utf8Stream(Stream inner, DataFaults faults) : ForwardStream
{
    /// <summary>Most bytes of an incomplete character at the end of a block.</summary>
    private const int MostCarried = 3;

    private readonly byte[] _carried = new byte[MostCarried];
    private int _carry;
    private long _offset, _line = 1, _faulty;
    private bool _begun, _ended;

    public override int Read(Span<byte> buffer)
    {
        if (!_begun) return Begin(buffer);
        var read = inner.Read(buffer);
        Check(buffer[..read]);
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        inner.Dispose();
        base.Dispose(disposing);
    }

    private int Begin(Span<byte> buffer)
    {
        _begun = true;
        var mark = Encoding.UTF8.Preamble;
        var first = new byte[Math.Max(buffer.Length, mark.Length)];
        var there = first.AsSpan(0, inner.ReadAtLeast(first, mark.Length, throwOnEndOfStream: false));
        if (there.StartsWith(mark))
        {
            there = there[mark.Length..];
            _offset = mark.Length;
        }
        if (there.Length > buffer.Length) throw new InvalidOperationException("the first read must have room for a byte order mark");
        there.CopyTo(buffer);
        Check(there);
        return there.Length == 0 && _offset > 0 ? Read(buffer) : there.Length;
    }

    private void Check(ReadOnlySpan<byte> read)
    {
        if (read.Length == 0)
        {
            if (!_ended && _carry > 0) Fault(_carried[0], _offset - _carry);   // the end truncates a character
            _ended = true;
            return;
        }
        var text = read;
        if (_carry > 0)
        {
            text = (byte[])[.. _carried.AsSpan(0, _carry), .. read];
            _offset -= _carry;
        }
        var tail = Unfinished(text);
        var whole = text[..^tail];
        if (!Utf8.IsValid(whole)) FindFaults(whole);
        _line += whole.Count((byte)'\n');
        _offset += text.Length;
        text[^tail..].CopyTo(_carried);
        _carry = tail;
    }

    private void FindFaults(ReadOnlySpan<byte> text)
    {
        var line = 0;
        foreach (var range in text.Split((byte)'\n'))
        {
            if (!Utf8.IsValid(text[range]) && _line + line > _faulty)
            {
                _faulty = _line + line;
                Utf8Text.AddFault(text[range], _faulty, _offset + range.Start.GetOffset(text.Length), faults);
            }
            line++;
        }
    }

    private void Fault(byte wrong, long at)
    {
        if (_line > _faulty) faults.Add($"line {_line}", $"is not UTF-8: byte 0x{wrong:X2} at offset {at} of the file");
    }

    /// <summary>Bytes of an incomplete character at the end.</summary>
    private static int Unfinished(ReadOnlySpan<byte> text)
    {
        for (var back = 1; back <= Math.Min(MostCarried, text.Length); back++)
        {
            var lead = text[^back];
            if (lead < 0x80) return 0;
            if (lead < 0xc0) continue;
            return (lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2) > back ? back : 0;
        }
        return 0;
    }
}
