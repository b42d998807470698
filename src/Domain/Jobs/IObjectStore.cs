namespace LoraDrop.Domain;

/// <summary>A stored object: its key, size and sha256 (lower-case hexadecimal).</summary>
public sealed record StoredObject(string Key, long Bytes, string Sha256);

/// <summary>An entry of an object listing.</summary>
/// <param name="Key">The object's key.</param>
/// <param name="Bytes">Size in bytes.</param>
/// <param name="LastModified">When it was stored, by the store's clock. Storing the same content again may not change it.</param>
public sealed record ListedObject(string Key, long Bytes, DateTimeOffset LastModified);

/// <summary>Stores models, data and adapters, in a folder or an S3-compatible store. Keys are built from ids, never from user
/// input.</summary>
/// <remarks>
/// Objects are written once and never changed, so a late writer cannot replace anything. Every member may throw
/// <see cref="StoreUnreachableException"/>, which passes, or another <see cref="IOException"/>, which needs someone to fix it: no access,
/// no such bucket, a full disk.
/// </remarks>
public interface IObjectStore
{
    /// <summary>Stores a stream; the object appears whole or not at all. Storing the same content again succeeds, since a response may be
    /// lost.</summary>
    /// <exception cref="ObjectTakenException">The key already has an object with different content.</exception>
    /// <exception cref="StoreUnreachableException">The store cannot be reached. The object may or may not be stored; store it
    /// again.</exception>
    /// <exception cref="IOException">The disk is full, the store refuses, or the stream ended early.</exception>
    Task<StoredObject> PutAsync(string key, Stream content, CancellationToken cancel);

    /// <summary>Stores a local file like <see cref="PutAsync"/>, without copying if possible; the file must not be changed
    /// afterwards.</summary>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="ObjectTakenException">The key already has an object with different content.</exception>
    /// <exception cref="StoreUnreachableException">The store cannot be reached.</exception>
    /// <exception cref="IOException">The disk is full, or the store refuses.</exception>
    Task<StoredObject> PutFileAsync(string key, string path, CancellationToken cancel);

    /// <summary>Opens an object for reading. The stream is seekable and has a length; reading it may throw the same exceptions.</summary>
    /// <exception cref="FileNotFoundException">The object does not exist.</exception>
    /// <exception cref="StoreUnreachableException">The store cannot be reached.</exception>
    /// <exception cref="IOException">The store refuses.</exception>
    Task<Stream> OpenAsync(string key, CancellationToken cancel);

    /// <summary>Downloads an object to a local file, without copying if possible. The file appears whole or not at all, replaces an
    /// existing one, and must not be changed.</summary>
    /// <exception cref="FileNotFoundException">The object does not exist.</exception>
    /// <exception cref="StoreUnreachableException">The store cannot be reached.</exception>
    /// <exception cref="IOException">The disk is full, the store refuses, or the content is damaged.</exception>
    Task FetchAsync(string key, string path, CancellationToken cancel);

    /// <summary>Deletes an object if it exists.</summary>
    /// <exception cref="StoreUnreachableException">The store cannot be reached.</exception>
    /// <exception cref="IOException">The store refuses.</exception>
    Task DeleteAsync(string key, CancellationToken cancel);

    /// <summary>Lists the objects with a key prefix, in any order. Concurrent changes may or may not be included.</summary>
    /// <exception cref="StoreUnreachableException">The store cannot be reached.</exception>
    /// <exception cref="IOException">The store refuses.</exception>
    IAsyncEnumerable<ListedObject> ListAsync(string prefix, CancellationToken cancel);

    /// <summary>A presigned URL to download an object directly from the store. Null for a folder; does not check that the object
    /// exists.</summary>
    /// <param name="key">The object.</param>
    /// <param name="fileName">The file name for the download.</param>
    /// <param name="contentType">The content type of the response.</param>
    /// <param name="valid">How long the URL is valid; at most seven days.</param>
    /// <param name="cancel">Stops waiting for credentials.</param>
    /// <exception cref="IOException">There are no credentials to sign with.</exception>
    ValueTask<Uri?> DownloadAddressAsync(string key, string fileName, string contentType, TimeSpan valid, CancellationToken cancel);

    /// <summary>Removes the remains of interrupted uploads, which take space but are not listed.</summary>
    /// <param name="before">Remove uploads started (folder: last written) before this time; one still in progress fails.</param>
    /// <param name="cancel">Stops between two uploads.</param>
    /// <returns>The number of removed uploads; also 0 if the store cannot tell.</returns>
    /// <exception cref="StoreUnreachableException">The store cannot be reached.</exception>
    /// <exception cref="IOException">The store refuses.</exception>
    Task<int> RemoveUnfinishedAsync(DateTimeOffset before, CancellationToken cancel);

    /// <summary>Throws if the store is not writable. Stores and removes an object with a new key that starts with <c>probe-</c>.</summary>
    /// <exception cref="StoreUnreachableException">The store cannot be reached.</exception>
    /// <exception cref="IOException">The disk is full, or the store refuses.</exception>
    Task CheckAsync(CancellationToken cancel);
}
