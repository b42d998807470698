using System.Security.Cryptography;
using System.Text;
using LoraDrop.Domain;
using Microsoft.Win32.SafeHandles;

namespace LoraDrop.Engine.Data;

/// <summary>The bytes of a data file: read as a stream, decompressed if needed, while another thread computes their digest.</summary>
internal sealed class DataBytes : IDisposable
{
    private const int Block = 1 << 20;

    private readonly SafeFileHandle _file;
    private readonly Task<string?> _digest;
    private readonly bool _packed;
    private volatile bool _closed;

    private DataBytes(string path, SafeFileHandle file)
    {
        (Path, _file, Length, _packed) = (path, file, RandomAccess.GetLength(file), DataFormat.IsCompressed(DataFormat.Of(path)));
        _digest = Task.Factory.StartNew(Digest, CancellationToken.None, TaskCreationOptions.LongRunning,
            TaskScheduler.Default);   // on another core if available
    }

    public string Path { get; }

    /// <summary>Size of the stored file in bytes.</summary>
    public long Length { get; }

    /// <summary>SHA-256 of the stored file, in lower-case hexadecimal.</summary>
    /// <exception cref="ObjectDisposedException">The file was closed before all of it was read.</exception>
    public string Sha256 => _digest.GetAwaiter().GetResult() ?? throw new ObjectDisposedException(nameof(DataBytes));

    /// <summary>Opens a file, and checks by its first bytes that it matches its extension.</summary>
    /// <param name="path">The file.</param>
    /// <param name="faults">Receives its faults; the result is then null.</param>
    public static DataBytes? Open(string path, DataFaults faults)
    {
        try
        {
            var bytes = new DataBytes(path, File.OpenHandle(path, options: FileOptions.SequentialScan));
            if (bytes.Fault() is not { } fault) return bytes;
            bytes.Dispose();
            faults.Add(fault);
        }
        catch (InvalidDataException e)
        {
            faults.Add($"cannot be unpacked: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            faults.Add($"cannot be read: {e.Message}");
        }
        return null;
    }

    /// <summary>A new stream over the decompressed bytes.</summary>
    public Stream Read()
    {
        var stored = new StoredBytes(_file, Length);
        return _packed ? new ReadAhead(new GzipMembers(new BufferedStream(stored, 1 << 16))) : stored;
    }

    public void Dispose()
    {
        _closed = true;
        _digest.ContinueWith(_ => _file.Dispose(), TaskScheduler.Default);
    }

    /// <summary>Why a file does not match its extension, or null if it may.</summary>
    private string? Fault()
    {
        Span<byte> stored = stackalloc byte[8];
        stored = stored[..RandomAccess.Read(_file, stored, 0)];
        if (stored.StartsWith("\x1f\x8b"u8[..1]) && stored.Length > 1 && stored[1] == 0x8b
            && !_packed) return "is packed by gzip, and its name does not say so: call it .gz at the end, or unpack it";
        if (_packed && Length == 0) return "is empty";
        var head = new byte[512];
        using var stream = Read();
        var there = head.AsSpan(0, stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false));
        return Named(there) is { } other ? $"{(_packed ? "holds" : "is")} {other}" : null;
    }

    private string? Named(ReadOnlySpan<byte> head)
    {
        var parquet = DataFormat.Of(Path) == ".parquet";
        if (GitLfsPointer.IsStartOf(head))
            return $"a git-lfs pointer{SizeIn(head)}, not the data it stands for: run git lfs pull in its repository, or "
                + "download the file itself";
        if (head.StartsWith("PAR1"u8) && !parquet) return "a Parquet file, and its name does not say so: call it .parquet at the end";
        if (head.StartsWith("PK\x03\x04"u8)) return "a zip archive or a spreadsheet (.xlsx): save it as CSV or JSON lines";
        if (head.Length > 3 && head[0] == 0x28 && head[1] == 0xb5 && head[2] == 0x2f
            && head[3] == 0xfd) return "packed by zstd, which is not read: pack it by gzip, or not at all";
        if (head.StartsWith("BZh"u8) && head.Length > 10 && head[4] == 0x31
            && head[5] == 0x41) return "packed by bzip2, which is not read: pack it by gzip, or not at all";
        if (head.Length > 5 && head[0] == 0xfd
            && head[1..].StartsWith("7zXZ"u8)) return "packed by xz, which is not read: pack it by gzip, or not at all";
        if (head.StartsWith("ARROW1"u8)) return "an Arrow (Feather) file: save it as Parquet";
        if (head.Length > 262 && head[257..].StartsWith("ustar"u8)) return "a tar archive: take the file out of it";
        if (_packed && head.Length > 1 && head[0] == 0x1f && head[1] == 0x8b) return "what is packed by gzip once more: unpack it once";
        if (!parquet && head.Length > 1 && ((head[0] == 0xff && head[1] == 0xfe) || (head[0] == 0xfe
            && head[1] == 0xff))) return "text in UTF-16: save it as UTF-8";
        var text = head.TrimStart(" \r\n\t"u8);
        if (text.Length > 14 && (Ascii.EqualsIgnoreCase(text[..14], "<!doctype html"u8) || Ascii.EqualsIgnoreCase(text[..5],
            "<html"u8))) return "a web page (HTML): what was downloaded is not the file";
        return null;
    }

    private static string SizeIn(ReadOnlySpan<byte> pointer)
    {
        foreach (var line in Encoding.UTF8.GetString(pointer).Split('\n'))
            if (line.StartsWith("size ", StringComparison.Ordinal) && long.TryParse(line[5..],
                out var bytes)) return $" (to {bytes:N0} bytes)";
        return "";
    }

    /// <summary>The digest of the whole file; null if it was closed early.</summary>
    private string? Digest()
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var block = new byte[Block];
        long at = 0;
        for (int read; (read = RandomAccess.Read(_file, block, at)) > 0; at += read)
        {
            if (_closed) return null;
            sha.AppendData(block, 0, read);
        }
        return Convert.ToHexStringLower(sha.GetHashAndReset());
    }

    /// <summary>The file with its own position, so that it can be read by several readers at a time.</summary>
    private sealed class StoredBytes(SafeFileHandle file, long length) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => length;

        public override long Position { get; set; }

        public override int Read(Span<byte> buffer)
        {
            var read = RandomAccess.Read(file, buffer, Position);
            Position += read;
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override long Seek(long offset, SeekOrigin origin) => Position = origin switch { SeekOrigin.Begin => offset,
            SeekOrigin.Current => Position + offset, _ => length + offset };

        public override void Flush() { }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
