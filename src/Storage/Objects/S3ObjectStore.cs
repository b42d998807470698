using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Amazon.S3;
using Amazon.S3.Model;
using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>Objects in a bucket of an S3-compatible store.</summary>
/// <remarks>
/// Every write is conditional on the key not existing (<c>If-None-Match: *</c>). A store without conditional writes refuses the condition
/// (501) or ignores it: then only the keys, built from ids and attempts, keep writers apart.
/// </remarks>
public sealed class S3ObjectStore : IObjectStore, IDisposable
{
    private const int Looks = 10;

    private static readonly TimeSpan AbortWithin = TimeSpan.FromSeconds(10), BetweenLooks = TimeSpan.FromMilliseconds(50);

    private readonly S3Options _options;
    private readonly S3Bucket _bucket;
    private readonly AmazonS3Client _signing;
    private volatile bool _conditionUnknown;

    /// <param name="options">Validated options.</param>
    public S3ObjectStore(S3Options options)
    {
        _options = options;
        _bucket = new(options);
        _signing = options.PublicEndpoint is { } address ? _bucket.ClientAt(address) : _bucket.Client;
    }

    public async Task<StoredObject> PutAsync(string key, Stream content, CancellationToken cancel)
    {
        var at = KeyOf(key);
        using var parts = new S3Parts(content, _options.PartBytes);
        var first = await parts.NextAsync(cancel);
        var written = parts.AtEnd ? await PutWholeAsync(at, first, parts.Sha256(), cancel) : await PutPartsAsync(at, first, parts, cancel);
        var stored = new StoredObject(key, parts.Bytes, parts.Sha256());
        if (!written) await CompareAsync(at, stored, cancel);
        await SettleAsync(at, stored, cancel);
        return stored;
    }

    public async Task<StoredObject> PutFileAsync(string key, string path, CancellationToken cancel)
    {
        await using var content = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.Asynchronous);
        return await PutAsync(key, content, cancel);
    }

    public Task<Stream> OpenAsync(string key, CancellationToken cancel) => _bucket.OpenAsync(KeyOf(key), cancel);

    public Task FetchAsync(string key, string path, CancellationToken cancel) => _bucket.FetchAsync(KeyOf(key), path, cancel);

    public Task DeleteAsync(string key, CancellationToken cancel) => _bucket.AskAsync(key, async s3 =>
    {
        try
        {
            return await s3.DeleteObjectAsync(new DeleteObjectRequest { BucketName = _options.Bucket, Key = KeyOf(key) }, cancel);
        }
        catch (AmazonS3Exception missing) when (missing is { StatusCode: HttpStatusCode.NotFound, ErrorCode: not "NoSuchBucket" })
        {
            return null; // some stores respond so, which is fine
        }
    }, cancel);

    public async IAsyncEnumerable<ListedObject> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (var file in _bucket.ListAsync(_options.Prefix + prefix, cancel))
            yield return file with { Key = file.Key[_options.Prefix.Length..] };
    }

    public async ValueTask<Uri?> DownloadAddressAsync(string key, string fileName, string contentType, TimeSpan valid,
        CancellationToken cancel)
    {
        if (!_options.Presign) return null;
        var secure = (_options.PublicEndpoint ?? _options.Endpoint)?.StartsWith("http:", StringComparison.OrdinalIgnoreCase) != true;
        var address = await _bucket.AskAsync(key, _ => _signing.GetPreSignedURLAsync(new GetPreSignedUrlRequest
        {
            BucketName = _options.Bucket,
            Key = KeyOf(key),
            Verb = HttpVerb.GET,
            Protocol = secure ? Protocol.HTTPS : Protocol.HTTP,
            Expires = (TimeProvider.System.GetUtcNow() + valid).UtcDateTime, // the client signs by this clock, too
            ResponseHeaderOverrides = new() { ContentType = contentType,
            ContentDisposition = new ContentDispositionHeaderValue(
            "attachment") { FileNameStar = fileName[(fileName.LastIndexOf('/') + 1)..] }.ToString() },
        }), cancel);
        return new(address);
    }

    /// <summary>Aborts unfinished multipart uploads; their parts take space, and cost money, forever.</summary>
    public async Task<int> RemoveUnfinishedAsync(DateTimeOffset before, CancellationToken cancel)
    {
        var removed = 0;
        var request = new ListMultipartUploadsRequest { BucketName = _options.Bucket, Prefix = _options.Prefix };
        while (await UnfinishedAsync(request, cancel) is { } page)
        {
            foreach (var upload in page.MultipartUploads ?? [])
            {
                if (upload.Initiated is not { } begun || begun.ToUniversalTime() >= before.UtcDateTime) continue;
                await AbortAsync(upload.Key, upload.UploadId, cancel);
                removed++;
            }
            if (page.IsTruncated != true) break;
            (request.KeyMarker, request.UploadIdMarker) = (page.NextKeyMarker, page.NextUploadIdMarker);
        }
        return removed;
    }

    public async Task CheckAsync(CancellationToken cancel)
    {
        var probe = $"probe-{Guid.NewGuid():N}";
        await PutAsync(probe, new MemoryStream([1]), cancel);
        await DeleteAsync(probe, cancel);
    }

    public void Dispose()
    {
        if (_signing != _bucket.Client) _signing.Dispose();
        _bucket.Dispose();
    }

    /// <summary>Uploads a small object in one request. False if the key already exists.</summary>
    private async Task<bool> PutWholeAsync(string key, ArraySegment<byte> content, string sha256, CancellationToken cancel)
    {
        var md5 = Md5(content);
        var answer = await _bucket.AskAsync(key, s3 => UnlessThereAsync(condition =>
        {
            var request = new PutObjectRequest { BucketName = _options.Bucket, Key = key, InputStream = StreamOf(content),
                UseChunkEncoding = false, MD5Digest = Convert.ToBase64String(md5), IfNoneMatch = condition };
            request.Metadata[S3Head.Sha256Name] = sha256;
            return s3.PutObjectAsync(request, cancel);
        }), cancel);
        if (answer is null) return false;
        if (!IsDamaged(answer.ETag, md5, answer.ServerSideEncryptionMethod)) return true;
        await _bucket.AskAsync(key, s3 => s3.DeleteObjectAsync(_options.Bucket, key, cancel), cancel);
        throw Damaged(key);
    }

    /// <summary>Uploads a large object in parts; it appears once the last part is stored. False if the key already exists.</summary>
    private async Task<bool> PutPartsAsync(string key, ArraySegment<byte> part, S3Parts parts, CancellationToken cancel)
    {
        var begin = new InitiateMultipartUploadRequest { BucketName = _options.Bucket, Key = key };
        if (_options.Checksums) begin.ChecksumAlgorithm = ChecksumAlgorithm.CRC32;
        var upload = (await _bucket.AskAsync(key, s3 => s3.InitiateMultipartUploadAsync(begin, cancel), cancel)).UploadId;
        var whole = false;
        try
        {
            var sent = new List<PartETag>();
            for (; part.Count > 0; part = await parts.NextAsync(cancel))
                sent.Add(await PutPartAsync(key, upload, sent.Count + 1, part, cancel));
            return whole = await _bucket.AskAsync(key, s3 => UnlessThereAsync(condition =>
                s3.CompleteMultipartUploadAsync(new CompleteMultipartUploadRequest { BucketName = _options.Bucket, Key = key,
                    UploadId = upload, PartETags = sent, IfNoneMatch = condition }, cancel)), cancel) is not null;
        }
        finally
        {
            if (!whole) await TryAbortAsync(key, upload);
        }
    }

    private async Task<PartETag> PutPartAsync(string key, string upload, int number, ArraySegment<byte> part, CancellationToken cancel)
    {
        var md5 = Md5(part);
        var answer = await _bucket.AskAsync(key, s3 => s3.UploadPartAsync(new UploadPartRequest
        {
            BucketName = _options.Bucket,
            Key = key,
            UploadId = upload,
            PartNumber = number,
            PartSize = part.Count,
            InputStream = StreamOf(part),
            UseChunkEncoding = false,
            MD5Digest = Convert.ToBase64String(md5),
        }, cancel), cancel);
        return IsDamaged(answer.ETag, md5, answer.ServerSideEncryptionMethod) ? throw Damaged(key) : new PartETag(answer);
    }

    /// <summary>
    /// Writes if the key does not exist. Null if it does, or may: a client that lost the response to a first try, and retried by itself,
    /// gets a conflict with its own object, or a finished upload.
    /// </summary>
    private async Task<T?> UnlessThereAsync<T>(Func<string?, Task<T>> write) where T : class
    {
        try
        {
            return await write(_conditionUnknown ? null : "*");
        }
        catch (AmazonS3Exception unknown) when (unknown.StatusCode == HttpStatusCode.NotImplemented && !_conditionUnknown)
        {
            var answer = await write(null);
            _conditionUnknown = true;
            return answer;
        }
        catch (AmazonS3Exception there) when (there.StatusCode is HttpStatusCode.PreconditionFailed or HttpStatusCode.Conflict
            || there.ErrorCode == "NoSuchUpload")
        {
            return null;
        }
    }

    /// <summary>
    /// Checks that the whole object is there, and waits a moment if not: some stores respond before they have written it (s3rver does).
    /// Readers that find its key in a row must find the object.
    /// </summary>
    private async Task SettleAsync(string key, StoredObject stored, CancellationToken cancel)
    {
        for (var looks = 1; (await _bucket.HeadAsync(key, cancel))?.Bytes != stored.Bytes; looks++)
        {
            if (looks == Looks) throw S3Answer.Unreachable(_options, $"it took {key}, and has not all of it. It can be sent again");
            await Task.Delay(BetweenLooks * looks, cancel);
        }
    }

    /// <summary>Whether the stored object is the one to be stored.</summary>
    private async Task CompareAsync(string key, StoredObject stored, CancellationToken cancel)
    {
        var there = await _bucket.HeadAsync(key, cancel) ?? throw S3Answer.Unreachable(_options,
            $"another upload of {key} was under way, and nothing is there now. It can be sent again");
        if (there.Bytes != stored.Bytes || (there.Sha256 ?? await Sha256Async(key, there, cancel)) != stored.Sha256)
            throw new ObjectTakenException(stored.Key);
    }

    private async Task<string> Sha256Async(string key, S3Head there, CancellationToken cancel)
    {
        await using var content = new S3ReadStream(_bucket, key, there);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancel));
    }

    private Task<ListMultipartUploadsResponse?> UnfinishedAsync(ListMultipartUploadsRequest request, CancellationToken cancel) =>
        _bucket.AskAsync(null, async s3 =>
    {
        try
        {
            return await s3.ListMultipartUploadsAsync(request, cancel);
        }
        catch (AmazonS3Exception unknown) when (unknown.StatusCode is HttpStatusCode.NotImplemented or HttpStatusCode.MethodNotAllowed)
        {
            return null;
        }
    }, cancel);

    private Task<AbortMultipartUploadResponse> AbortAsync(string key, string upload, CancellationToken cancel) =>
        _bucket.AskAsync(key, s3 => s3.AbortMultipartUploadAsync(_options.Bucket, key, upload, cancel), cancel);

    /// <summary>Aborts on behalf of a caller that is already failing, and may be cancelled. Leftovers are removed by
    /// <see cref="RemoveUnfinishedAsync"/>.</summary>
    private async Task TryAbortAsync(string key, string upload)
    {
        using var soon = new CancellationTokenSource(AbortWithin);
        try
        {
            await AbortAsync(key, upload, soon.Token);
        }
        catch (Exception left) when (left is IOException or OperationCanceledException)
        {
            // The store is unreachable, cannot abort, or has finished the upload.
        }
    }

    /// <summary>Whether the ETag proves other content. Most stores use the MD5, except for objects encrypted with keys of a key
    /// service.</summary>
    private static bool IsDamaged(string? etag, byte[] md5, ServerSideEncryptionMethod? encryption) =>
        string.IsNullOrEmpty(encryption?.Value) || encryption == ServerSideEncryptionMethod.AES256
            ? etag?.Trim('"') is { Length: 32 } name && name.All(char.IsAsciiHexDigit)
            && !name.Equals(Convert.ToHexString(md5), StringComparison.OrdinalIgnoreCase)
            : false;

    [SuppressMessage("Security", "CA5351",
        Justification = "It guards against accidents on the way, and is what every S3 store checks; the sha256 is what counts.")]
    private static byte[] Md5(ArraySegment<byte> content) => MD5.HashData(content);

    private StoreUnreachableException Damaged(string key) =>
        new($"What arrived at the object store at {S3Answer.NameOf(_options)} under {key} is not what was sent, "
            + "and was removed. It can be sent again.");

    private static MemoryStream StreamOf(ArraySegment<byte> part) => new(part.Array!, part.Offset, part.Count, writable: false);

    private string KeyOf(string key) => _options.Prefix + ObjectKey.Checked(key);
}
