namespace LoraDrop.Domain;

/// <summary>A stored object: its key, size and sha256 (lower-case hexadecimal).</summary>
public sealed record StoredObject(string Key, long Bytes, string Sha256);

/// <summary>Where models, data and adapters rest: a folder, or an S3-compatible store. Keys are made of ids, never of names that users sent.</summary>
public interface IObjectStore
{
    /// <summary>Stores a stream to its end; an object appears whole or not at all.</summary>
    /// <exception cref="IOException">The disk is full, or the stream broke off.</exception>
    Task<StoredObject> PutAsync(string key, Stream content, CancellationToken cancel);

    /// <summary>Stores a local file, without copying where the store can; nobody may change the file any more.</summary>
    Task<StoredObject> PutFileAsync(string key, string path, CancellationToken cancel);

    /// <summary>Opens an object for reading from any place; the stream can seek.</summary>
    /// <exception cref="FileNotFoundException">There is no such object.</exception>
    Task<Stream> OpenAsync(string key, CancellationToken cancel);

    /// <summary>Brings an object into a local file, without copying where the store can.</summary>
    /// <exception cref="FileNotFoundException">There is no such object.</exception>
    Task FetchAsync(string key, string path, CancellationToken cancel);

    /// <summary>Removes an object; one that is not there is fine.</summary>
    Task DeleteAsync(string key, CancellationToken cancel);

    /// <summary>The keys that begin with a prefix.</summary>
    IAsyncEnumerable<string> ListAsync(string prefix, CancellationToken cancel);

    /// <summary>Throws where the store cannot be written to.</summary>
    Task CheckAsync(CancellationToken cancel);
}
