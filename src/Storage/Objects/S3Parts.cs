using System.Security.Cryptography;

namespace LoraDrop.Storage;

/// <summary>Cuts a stream of unknown length into parts, of which one at a time is in memory, and takes its sha256 on the way.</summary>
internal sealed class S3Parts(Stream content, int partBytes) : IDisposable
{
    private const int FirstBuffer = 1 << 16;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[] _buffer = [];

    /// <summary>The bytes of all parts so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether the last part was shorter than it might have been: there is nothing after it.</summary>
    public bool AtEnd { get; private set; }

    /// <summary>The next part, empty at the end. It takes the place of the one before.</summary>
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
