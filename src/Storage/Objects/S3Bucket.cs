using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>A bucket to read from: our own, or a user's with models or data. Keys are the store's, without our prefix.</summary>
/// <remarks>Errors are those of <see cref="IObjectStore"/>.</remarks>
public sealed class S3Bucket : IDisposable
{
    /// <summary>How often the client retries by itself, a second or two apart, before it reports that the store is unreachable.</summary>
    private const int Retries = 2;

    private readonly S3Transport _transport;

    /// <param name="options">The bucket and its credentials; the prefix is not used here.</param>
    public S3Bucket(S3Options options)
    {
        Options = options;
        _transport = new(options.RequestTimeout);
        Client = ClientAt(options.Endpoint);
    }

    internal S3Options Options { get; }

    internal AmazonS3Client Client { get; }

    /// <summary>A client of the same store at another address.</summary>
    internal AmazonS3Client ClientAt(string? endpoint)
    {
        var config = new AmazonS3Config
        {
            HttpClientFactory = _transport,
            RetryMode = RequestRetryMode.Standard,
            MaxErrorRetry = Retries,
            ForcePathStyle = Options.IsPathStyle,
            RequestChecksumCalculation = Options.Checksums
            ? RequestChecksumCalculation.WHEN_SUPPORTED
            : RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = Options.Checksums
            ? ResponseChecksumValidation.WHEN_SUPPORTED
            : ResponseChecksumValidation.WHEN_REQUIRED,
        };
        if (endpoint is null) config.RegionEndpoint = RegionEndpoint.GetBySystemName(Options.Region);
        else (config.ServiceURL, config.AuthenticationRegion) = (endpoint, Options.Region);
        return string.IsNullOrEmpty(Options.AccessKey)
            ? new(config)
            : new(new BasicAWSCredentials(Options.AccessKey, Options.SecretKey), config);
    }

    /// <summary>Lists the objects whose key begins with a prefix.</summary>
    /// <remarks>In pages of list version 1, each of which continues after the last key of the one before. Every store supports it; not so
    /// the tokens of version 2 (s3rver cannot create them on today's Node.js).</remarks>
    public async IAsyncEnumerable<ListedObject> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        var request = new ListObjectsRequest { BucketName = Options.Bucket, Prefix = prefix };
        while (true)
        {
            var page = await AskAsync(null, s3 => s3.ListObjectsAsync(request, cancel), cancel);
            foreach (var file in page.S3Objects ?? [])
                yield return new(file.Key, file.Size ?? 0, (file.LastModified ?? DateTime.UnixEpoch).ToUniversalTime());
            if (page.IsTruncated != true || page.S3Objects is not [.., var last]) yield break;
            request.Marker = last.Key;
        }
    }

    /// <summary>Opens an object for reading, with seeking. A broken connection is resumed where it was.</summary>
    /// <exception cref="FileNotFoundException">There is no such object.</exception>
    public async Task<Stream> OpenAsync(string key, CancellationToken cancel) =>
        new S3ReadStream(this, key, await HeadAsync(key, cancel) ?? throw S3Answer.NotThere(Options, key));

    /// <summary>Opens the object that was described before; reading fails if it has been replaced, in a store that honours
    /// <c>If-Match</c>.</summary>
    public Stream Open(string key, S3Head head) => new S3ReadStream(this, key, head);

    /// <summary>Downloads an object to a local file, completely or not at all.</summary>
    /// <exception cref="FileNotFoundException">There is no such object.</exception>
    /// <exception cref="IOException">The disk is full, or the content is not what was stored.</exception>
    public async Task FetchAsync(string key, string path, CancellationToken cancel)
    {
        var head = await HeadAsync(key, cancel) ?? throw S3Answer.NotThere(Options, key);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var unfinished = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            var sha256 = await CopyAsync(key, head, unfinished, cancel);
            if (head.Sha256 is { } stored && stored != sha256)
                throw new IOException($"The object {key} came with sha256 {sha256} from {S3Answer.NameOf(Options)}, and was stored with "
                    + $"{stored}: it is damaged.");
            File.Move(unfinished, path, overwrite: true);
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    public void Dispose()
    {
        Client.Dispose();
        _transport.Dispose();
    }

    /// <summary>Describes an object without reading it; null if it does not exist.</summary>
    public async Task<S3Head?> HeadAsync(string key, CancellationToken cancel)
    {
        try
        {
            var said = await AskAsync(key, s3 =>
                s3.GetObjectMetadataAsync(new GetObjectMetadataRequest { BucketName = Options.Bucket, Key = key }, cancel), cancel);
            return new(said.ContentLength, said.ETag, said.Metadata[S3Head.Sha256Name]);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Requests an object from a position, provided that it is still the same.</summary>
    internal Task<GetObjectResponse> GetAsync(string key, string etag, long from, CancellationToken cancel) =>
        AskAsync(key, s3 => s3.GetObjectAsync(new GetObjectRequest { BucketName = Options.Bucket, Key = key, EtagToMatch = etag,
            ByteRange = new ByteRange($"bytes={from}-") }, cancel), cancel);

    /// <summary>Calls the store and translates its errors.</summary>
    internal async Task<T> AskAsync<T>(string? key, Func<AmazonS3Client, Task<T>> ask, CancellationToken cancel)
    {
        try
        {
            return await ask(Client);
        }
        catch (Exception failed) when (!cancel.IsCancellationRequested && S3Answer.Of(failed, Options, key) is { } answer)
        {
            throw answer;
        }
    }

    private async Task<string> CopyAsync(string key, S3Head head, string path, CancellationToken cancel)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 17];
        await using var from = new S3ReadStream(this, key, head);
        await using var to = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.Asynchronous);
        int read;
        while ((read = await from.ReadAsync(buffer, cancel)) > 0)
        {
            hash.AppendData(buffer, 0, read);
            await to.WriteAsync(buffer.AsMemory(0, read), cancel);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}

/// <summary>An object's properties, known without reading it.</summary>
/// <param name="Bytes">Its size.</param>
/// <param name="ETag">The store's id of this content.</param>
/// <param name="Sha256">The digest we stored as metadata; null for objects uploaded in parts, whose digest was not known at the start, and
/// for other people's.</param>
public sealed record S3Head(long Bytes, string ETag, string? Sha256)
{
    /// <summary>The metadata key of the sha256.</summary>
    internal const string Sha256Name = "loradrop-sha256";
}
