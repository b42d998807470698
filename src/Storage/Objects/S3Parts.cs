using System.Security.Cryptography;

namespace LoraDrop.Storage;

/// <summary>Splits a stream of unknown length into parts, holding one in memory at a time, and computes its sha256.</summary>
internal sealed class S3Parts(Stream content, int partBytes) : IDisposable
{
    private const int FirstBuffer = 1 << 16;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[] _buffer = [];

    /// <summary>The total size of the parts so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether the last part was not full, so that no other follows.</summary>
    public bool AtEnd { get; private set; }

    /// <summary>Reads the next part, empty at the end. It overwrites the one before.</summary>
    public async Task<ArraySegment<byte>> NextAsync(CancellationToken cancel)
    {
        var filled = 0;
        while (!AtEnd && filled < partBytes)
        {
            if (filled == _buffer.Length)
                // most objects are small
                Array.Resize(ref _buffer, Math.Clamp(_buffer.Length * 2, Math.Min(FirstBuffer, partBytes), partBytes));
            var read = await content.ReadAsync(_buffer.AsMemory(filled), cancel);
            AtEnd = read == 0;
            filled += read;
        }
        _hash.AppendData(_buffer, 0, filled);
        Bytes += filled;
        return new(_buffer, 0, filled);
    }

    /// <summary>The sha256 of all parts so far.</summary>
    public string Sha256() => Convert.ToHexStringLower(_hash.GetCurrentHash());

    public void Dispose() => _hash.Dispose();
}
