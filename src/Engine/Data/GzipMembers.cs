using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;

namespace LoraDrop.Engine.Data;

/// <summary>Decompresses a gzip file as gunzip does (RFC 1952): all members, each checked against the CRC and length in its
/// trailer.</summary>
/// <remarks>
/// The framework's <see cref="GZipStream"/> silently ends a truncated stream, and treats any trailing data as its end. Inflating is left to
/// <see cref="DeflateStream"/>, which reads ahead of what it uses; the end of a member's data is found by searching what was last read for
/// the eight-byte trailer that its CRC and length make.
/// </remarks>
internal sealed class GzipMembers : ForwardStream
{
    /// <summary>Decompressed bytes from which the ratio is checked: less takes seconds to read, and no memory.</summary>
    public const long Suspicious = 4L << 30;

    /// <summary>Text compresses to a tenth, repetitive text to a hundredth; deflate's limit is 1032.</summary>
    private const long MostRatio = 100;

    /// <summary>More than any data file decompresses to.</summary>
    private const long Most = 64L << 30;

    private const int Trailer = 8;

    private readonly Stream _file;
    private readonly long _suspicious;
    private readonly Window _window;
    private readonly Crc32 _crc = new();
    private DeflateStream? _member;
    private long _length, _total, _members;

    /// <param name="file">The compressed bytes; must be seekable; closed with this stream.</param>
    /// <param name="suspicious">Decompressed bytes from which a ratio above one hundred is refused.</param>
    public GzipMembers(Stream file, long suspicious = Suspicious) => (_file, _suspicious, _window) = (file, suspicious, new(file));

    /// <exception cref="InvalidDataException">The data is truncated, damaged, or followed by something else; the message says
    /// which.</exception>
    public override int Read(Span<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            if (_member is null && !Begin()) return 0;
            var read = Inflate(buffer);
            if (read > 0)
            {
                _crc.Append(buffer[..read]);
                _length += read;
                _total += read;
                if (_total > _suspicious && _total / Math.Max(1, _file.Position) > MostRatio)
                    throw new InvalidDataException(
                        $"it unpacks to more than {MostRatio} times its size ({_total >> 20:N0} MiB so far), which no data file does");
                if (_total > Most) throw new InvalidDataException($"it unpacks to more than {Most >> 30} GiB; a data file is smaller");
                return read;
            }
            End();
        }
        return 0;
    }

    protected override void Dispose(bool disposing)
    {
        _member?.Dispose();
        _file.Dispose();
        base.Dispose(disposing);
    }

    private int Inflate(Span<byte> buffer)
    {
        try
        {
            return _member!.Read(buffer);
        }
        catch (InvalidDataException) when (_window.AtEnd)
        {
            throw CutOff();
        }
        catch (InvalidDataException)
        {
            throw new InvalidDataException($"its packed data is damaged near byte {_file.Position:N0} of {_file.Length:N0}");
        }
    }

    /// <summary>Reads the header of the next member; false at the end of the file. Zeros after a member are padding.</summary>
    private bool Begin()
    {
        if (_members > 0)
        {
            int padding;
            do padding = _file.ReadByte();
            while (padding == 0);
            if (padding < 0) return false;
            _file.Position--;
        }
        var at = _file.Position;
        Span<byte> header = stackalloc byte[10];
        if (_file.ReadAtLeast(header, 2, throwOnEndOfStream: false) is var there && (there < 2 || header[0] != 0x1f || header[1] != 0x8b))
            throw new InvalidDataException(_members == 0 ? "it is not packed by gzip, although its name ends in .gz"
                : $"after its packed data ends, at byte {at:N0}, something follows that is not packed by gzip");
        if (there < header.Length) throw CutOff();
        if (header[2] != 8) throw new InvalidDataException($"it is packed by a method ({header[2]}) that gzip does not have");
        var flags = header[3];
        if ((flags & 4) != 0) Skip(Byte() | Byte() << 8);
        for (var texts = (flags >> 3 & 1) + (flags >> 4 & 1); texts > 0; texts--)   // the file name and the comment
            while (Byte() != 0)
            {
            }
        if ((flags & 2) != 0) Skip(2);
        _members++;
        _window.Restart();
        _member = new DeflateStream(_window, CompressionMode.Decompress, leaveOpen: true);
        _length = 0;
        _crc.Reset();
        return true;
    }

    private void End()
    {
        _member!.Dispose();
        _member = null;
        Span<byte> trailer = stackalloc byte[Trailer];
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, _crc.GetCurrentHashAsUInt32());
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[4..], (uint)_length);
        if (_window.After(trailer) is { } after) _file.Position = after;
        else if (_window.ReadPastEnd || (_window.AtEnd && _window.EndsWithin(trailer))) throw CutOff();
        else
            throw new InvalidDataException(
                "its packed data is cut off or damaged: checksum and length of what it unpacks to are not those in its trailer");
    }

    private InvalidDataException CutOff() =>
        new($"it is cut off: it ends after {_file.Length:N0} bytes, before the end of its packed data. Fetch or copy it again");

    private int Byte() => _file.ReadByte() is >= 0 and var read ? read : throw CutOff();

    private void Skip(int bytes)
    {
        for (; bytes > 0; bytes--) Byte();
    }

    /// <summary>The compressed bytes as they are read, with the most recent kept.</summary>
    private sealed class Window(Stream file) : ForwardStream
    {
        /// <summary>More than <see cref="DeflateStream"/> requests at a time, plus a trailer.</summary>
        private const int BlockSize = 1 << 14;

        private readonly byte[] _last = new byte[2 * BlockSize];
        private int _held;

        public bool AtEnd => file.Position >= file.Length;

        /// <summary>Whether more was requested than the file has: its last member is truncated.</summary>
        public bool ReadPastEnd { get; private set; }

        public void Restart() => _held = 0;

        public override int Read(Span<byte> buffer)
        {
            var read = file.Read(buffer[..Math.Min(buffer.Length, BlockSize)]);
            ReadPastEnd |= read == 0 && buffer.Length > 0;
            Hold(buffer[..read]);
            return read;
        }

        /// <summary>The position after a trailer, or null if it is not found.</summary>
        public long? After(ReadOnlySpan<byte> trailer)
        {
            Span<byte> next = stackalloc byte[Trailer];
            var end = file.Position;
            Hold(next[..file.ReadAtLeast(next, Trailer, throwOnEndOfStream: false)]);
            var at = _last.AsSpan(0, _held).IndexOf(trailer);
            var start = file.Position - _held;
            file.Position = end;
            return at < 0 ? null : start + at + Trailer;
        }

        /// <summary>Whether the bytes read last are the beginning of a trailer.</summary>
        public bool EndsWithin(ReadOnlySpan<byte> trailer)
        {
            for (var part = trailer.Length - 1; part > 0; part--)
                if (_last.AsSpan(0, _held).EndsWith(trailer[..part])) return true;
            return false;
        }

        private void Hold(ReadOnlySpan<byte> read)
        {
            if (_held + read.Length > _last.Length)
            {
                var keep = Math.Min(_held, BlockSize);
                _last.AsSpan(_held - keep, keep).CopyTo(_last);
                _held = keep;
            }
            read.CopyTo(_last.AsSpan(_held));
            _held += read.Length;
        }
    }
}
