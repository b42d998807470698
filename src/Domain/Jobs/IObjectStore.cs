namespace LoraDrop.Domain;

/// <summary>A stored object: its key, size and sha256 (lower-case hexadecimal).</summary>
public sealed record StoredObject(string Key, long Bytes, string Sha256);

/// <summary>An object as a listing names it.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Bytes">Size in bytes.</param>
/// <param name="LastModified">When it was stored, by the store's clock. Storing the same content again need not change it.</param>
public sealed record ListedObject(string Key, long Bytes, DateTimeOffset LastModified);

/// <summary>Where models, data and adapters rest: a folder, or an S3-compatible store. Keys are made of ids, never of names that users sent.</summary>
/// <remarks>
/// An object is written once and never changed, so that who writes late can replace nothing. Every member may throw <see cref="StoreUnreachableException"/>,
/// which can be waited out, or another <see cref="IOException"/>, which says what a person has to mend: no access, no such bucket, a full disk.
/// </remarks>
public interface IObjectStore
{
    /// <summary>Stores a stream to its end; an object appears whole or not at all. Storing the same content again is fine: an answer may be lost on the way.</summary>
    /// <exception cref="ObjectTakenException">There is an object of that key with other content.</exception>
    /// <exception cref="StoreUnreachableException">The store cannot be reached. Whether the object is there is not known then; storing it again tells.</exception>
    /// <exception cref="IOException">The disk is full, the store refuses, or the stream broke off.</exception>
    Task<StoredObject> PutAsync(string key, Stream content, CancellationToken cancel);

    /// <summary>Stores a local file as <see cref="PutAsync"/> does, without copying where the store can; nobody may change the file any more.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="ObjectTakenException">There is an object of that key with other content.</exception>
    /// <exception cref="StoreUnreachableException">The store cannot be reached.</exception>
    /// <exception cref="IOException">The disk is full, or the store refuses.</exception>
    Task<StoredObject> PutFileAsync(string key, string path, CancellationToken cancel);

    /// <summary>Opens an object for reading from any place; the stream can seek and knows its length. It throws what this does, while it is read.</summary>
    /// <exception cref="FileNotFoundException">There is no such object.</exception>
    /// <exception cref="StoreUnreachableException">The store cannot be reached.</exception>
    /// <exception cref="IOException">The store refuses.</exception>
    Task<Stream> OpenAsync(string key, CancellationToken cancel);

    /// <summary>Brings an object into a local file, without copying where the store can. The file appears whole or not at all, and replaces one that is there; nobody may change it.</summary>
    /// <exception cref="FileNotFoundException">There is no such object.</exception>
    /// <exception cref="StoreUnreachableException">The store cannot be reached.</exception>
    /// <exception cref="IOException">The disk is full, the store refuses, or what came is not what was stored.</exception>
    Task FetchAsync(string key, string path, CancellationToken cancel);

    /// <summary>Removes an object; one that is not there is fine.</summary>
    /// <exception cref="StoreUnreachableException">The store cannot be reached.</exception>
    /// <exception cref="IOException">The store refuses.</exception>
    Task DeleteAsync(string key, CancellationToken cancel);

    /// <summary>The objects whose key begins with a prefix, in any order. What is stored or removed meanwhile may be among them or not.</summary>
    /// <exception cref="StoreUnreachableException">The store cannot be reached.</exception>
    /// <exception cref="IOException">The store refuses.</exception>
    IAsyncEnumerable<ListedObject> ListAsync(string prefix, CancellationToken cancel);

    /// <summary>An address at which anybody can get an object for a while, straight from the store. Null where the store has none, as a folder; whether the object is there is not asked.</summary>
    /// <param name="key">The object.</param>
    /// <param name="fileName">The name under which it is saved.</param>
    /// <param name="contentType">The content type with which it is sent.</param>
    /// <param name="valid">How long the address is good for; at most seven days.</param>
    /// <param name="cancel">Stops waiting for credentials.</param>
    /// <exception cref="IOException">There are no credentials to sign with.</exception>
    ValueTask<Uri?> DownloadAddressAsync(string key, string fileName, string contentType, TimeSpan valid, CancellationToken cancel);

    /// <summary>Removes what broken uploads left behind, which no listing shows and yet takes room.</summary>
    /// <param name="before">Uploads that were begun (folder: written to) before this; one that is still under way then fails.</param>
    /// <param name="cancel">Stops between two of them.</param>
    /// <returns>How many there were; 0 also where the store cannot tell.</returns>
    /// <exception cref="StoreUnreachableException">The store cannot be reached.</exception>
    /// <exception cref="IOException">The store refuses.</exception>
    Task<int> RemoveUnfinishedAsync(DateTimeOffset before, CancellationToken cancel);

    /// <summary>Throws where the store cannot be written to. It stores an object of a fresh key that begins with <c>probe-</c>, and removes it.</summary>
    /// <exception cref="StoreUnreachableException">The store cannot be reached.</exception>
    /// <exception cref="IOException">The disk is full, or the store refuses.</exception>
    Task CheckAsync(CancellationToken cancel);
}
