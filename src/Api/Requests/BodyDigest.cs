using System.Security.Cryptography;
using System.Text;

namespace LoraDrop.Api;

/// <summary>Hashes a body as it is read. Skips a form's boundary, which clients generate anew for each attempt.</summary>
internal sealed class BodyDigest(Stream body, string? boundary) : ReadOnlyStream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _boundary = Encoding.ASCII.GetBytes(boundary ?? "");
    private readonly MemoryStream _pending = new();

    /// <summary>Whether the body has been read to its end.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>The SHA-256 digest of everything read so far, in lower-case hexadecimal.</summary>
    public string Sha256()
    {
        _hash.AppendData(_pending.GetBuffer().AsSpan(0, (int)_pending.Length));
        _pending.SetLength(0);
        return Convert.ToHexStringLower(_hash.GetHashAndReset());
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await body.ReadAsync(buffer, cancellationToken);
        if (read > 0) Append(buffer.Span[..read]);
        else IsWhole |= buffer.Length > 0;
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _hash.Dispose();
        base.Dispose(disposing);
    }

    private void Append(ReadOnlySpan<byte> read)
    {
        if (_boundary.Length == 0)
        {
            _hash.AppendData(read);
            return;
        }
        _pending.Write(read);
        ReadOnlySpan<byte> left = _pending.GetBuffer().AsSpan(0, (int)_pending.Length);
        for (int at; (at = left.IndexOf(_boundary)) >= 0; left = left[(at + _boundary.Length)..]) _hash.AppendData(left[..at]);
        var kept = Math.Min(left.Length, _boundary.Length - 1); // may be the start of a boundary
        _hash.AppendData(left[..^kept]);
        var rest = left[^kept..].ToArray();
        _pending.SetLength(0);
        _pending.Write(rest);
    }
}
