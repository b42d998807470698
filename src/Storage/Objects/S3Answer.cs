using System.Net;
using Amazon.Runtime;
using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>Translates errors of an S3 store: an outage to wait for, an object that does not exist, or a fault that an operator must
/// fix.</summary>
internal static class S3Answer
{
    /// <summary>Codes that mean "try later", whatever the status: an error may follow after a status of 200 has been sent.</summary>
    private static readonly HashSet<string> Later = ["InternalError", "ServiceUnavailable", "SlowDown", "RequestTimeout", "Throttling",
        "ThrottlingException", "TooManyRequests", "BandwidthLimitExceeded", "XMinioServerNotInitialized"];

    /// <summary>Codes for a body that was damaged in transit.</summary>
    private static readonly HashSet<string> Damaged =
        ["BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "IncompleteBody"];

    /// <summary>The exception to throw instead of the client's; null if the store is not the cause.</summary>
    /// <param name="failed">The client's exception.</param>
    /// <param name="options">The store.</param>
    /// <param name="key">The object.</param>
    public static IOException? Of(Exception failed, S3Options options, string? key) => failed switch
    {
        StoreUnreachableException or FileNotFoundException => null, // already translated
        AmazonServiceException said => Of(said, options, key),
        AmazonClientException { InnerException: { } inner } when Of(inner, options, key) is { } answer => answer,
        AmazonClientException when string.IsNullOrEmpty(options.AccessKey) =>
            new IOException($"No key was found to sign in with to the object store at {NameOf(options)}. Set AccessKey and "
                + "SecretKey, or run where AWS's tools would find one: environment, profile, role of the machine or " + "pod.", failed),
        AmazonClientException => new IOException($"The object store at {NameOf(options)} could not be used: {failed.Message}", failed),
        IOException or HttpRequestException or TimeoutException or OperationCanceledException or System.Net.Sockets.SocketException =>
            Unreachable(options, Innermost(failed).Message, failed),
        _ => null,
    };

    /// <summary>The store's name in messages.</summary>
    public static string NameOf(S3Options options) => options.Endpoint ?? $"AWS ({options.Region})";

    public static StoreUnreachableException Unreachable(S3Options options, string why, Exception? failed = null) =>
        new($"The object store at {NameOf(options)} cannot be reached: {why.TrimEnd('.')}.", failed);

    public static FileNotFoundException NotThere(S3Options options, string? key, Exception? failed = null) =>
        new($"There is no object {key} in the bucket {options.Bucket} at {NameOf(options)}.", failed);

    private static IOException Of(AmazonServiceException said, S3Options options, string? key)
    {
        var (store, status, code) = (NameOf(options), (int)said.StatusCode, string.IsNullOrEmpty(said.ErrorCode)
            ? said.StatusCode.ToString()
            : said.ErrorCode);
        return said switch
        {
            { StatusCode: 0 } => Unreachable(options, Innermost(said).Message, said),
            _ when Damaged.Contains(code) =>
                new StoreUnreachableException(
                    $"The object store at {store} answered {code}: what arrived is not what was sent. It can be sent again.", said),
            _ when Later.Contains(code) || status is 408 or 429 || status >= 500 && said.StatusCode != HttpStatusCode.NotImplemented =>
                new StoreUnreachableException($"The object store at {store} answered {status} {code}: {said.Message}", said),
            _ when code == "NoSuchBucket" =>
                new IOException($"There is no bucket {options.Bucket} at {store}. Create it, or check its name, the endpoint, the "
                    + "region and whether the store wants path-style addresses.", said),
            { StatusCode: HttpStatusCode.NotFound } => NotThere(options, key, said),
            { StatusCode: HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized } =>
                new IOException($"The object store at {store} denies access to the bucket {options.Bucket} ({code}). Check the access "
                    + "key, its secret and this machine's clock, and that the key may list the bucket and get its objects, "
                    + "and in the service's own bucket also put and delete them.", said),
            _ when code is "PermanentRedirect" or "AuthorizationHeaderMalformed" || status is 301 or 307 =>
                new IOException($"The object store at {store} does not serve the bucket {options.Bucket} here ({code}). Check the "
                    + $"endpoint and the region ({options.Region}).", said),
            _ => new IOException(
                $"The object store at {store} refused a request about the bucket {options.Bucket} with {status} {code}: {said.Message}",
                said),
        };
    }

    private static Exception Innermost(Exception failed) => failed.InnerException is { } inner ? Innermost(inner) : failed;
}
