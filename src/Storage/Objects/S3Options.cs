using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>The address, credentials and usage of an S3-compatible store.</summary>
public sealed record S3Options
{
    /// <summary>S3's minimum size of a part, except the last.</summary>
    private const int LeastPartBytes = 5 << 20;

    /// <summary>The bucket, which must exist.</summary>
    public string Bucket { get; init; } = "";

    /// <summary>The store's address, such as <c>https://minio.example:9000</c>; null for AWS itself.</summary>
    public string? Endpoint { get; init; }

    /// <summary>The region, which is part of every signature; default <c>us-east-1</c>.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>The access key id; if null, together with <see cref="SecretKey"/>, credentials are found as by AWS's own tools
    /// (environment, profile, role of the machine or pod).</summary>
    public string? AccessKey { get; init; }

    /// <summary>The secret of <see cref="AccessKey"/>.</summary>
    public string? SecretKey { get; init; }

    /// <summary>Whether the bucket is in the path of addresses, not in the host name; default true if <see cref="Endpoint"/> is given, as
    /// most stores other than AWS expect.</summary>
    public bool? PathStyle { get; init; }

    /// <summary>Prepended to every key, so that a bucket can be shared; empty, or ends in <c>/</c>. Default empty.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>The store's address for users, if it is not <see cref="Endpoint"/>; download addresses are signed for it.</summary>
    public string? PublicEndpoint { get; init; }

    /// <summary>Whether downloads go directly to the store, by signed addresses; default true. Set it to false if users cannot reach the
    /// store.</summary>
    public bool Presign { get; init; } = true;

    /// <summary>Whether uploads carry S3's newer checksums (CRC32); default true. Set it to false for stores that refuse them: uploads are
    /// still protected by Content-MD5 and a signed sha256.</summary>
    public bool Checksums { get; init; } = true;

    /// <summary>The part size of multipart uploads, which are used for objects of at least this size; one part is held in memory. Default
    /// 16 MiB, at least 5 MiB. There can be 10,000 parts, so an object has at most 156 GiB by default.</summary>
    public int PartBytes { get; init; } = 16 << 20;

    /// <summary>A connection on which no data moves for so long is closed and, twice, opened again. Default 30 s. A slow connection that
    /// moves is never closed.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether the bucket is in the path of addresses.</summary>
    internal bool IsPathStyle => PathStyle ?? Endpoint is not null;

    /// <summary>The same store and credentials with another bucket, without the prefix.</summary>
    public S3Options Of(string bucket) => this with { Bucket = bucket, Prefix = "" };

    /// <summary>Omits the values: one is a secret.</summary>
    public override string ToString() => nameof(S3Options);

    /// <summary>Validates the options.</summary>
    /// <param name="path">Their section, such as <c>Objects:S3</c>.</param>
    public IEnumerable<Fault> Faults(string path)
    {
        if (Bucket.Length == 0) yield return new($"{path}:Bucket", "name the bucket that holds the objects");
        else if (Bucket.Length is < 3 or > 63 || !Bucket.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '-'))
            yield return new($"{path}:Bucket", $"is no name of a bucket: {Bucket} (3 to 63 lower-case letters, digits, dots and hyphens)");
        if (Endpoint is not null && !IsAddress(Endpoint))
            yield return new($"{path}:Endpoint", "must be http(s)://host[:port], without user, path or query");
        if (PublicEndpoint is not null && !IsAddress(PublicEndpoint))
            yield return new($"{path}:PublicEndpoint", "must be http(s)://host[:port], without user, path or query");
        if (string.IsNullOrWhiteSpace(Region)) yield return new($"{path}:Region", "must be named; stores that have none take us-east-1");
        if (string.IsNullOrEmpty(AccessKey) != string.IsNullOrEmpty(SecretKey))
            yield return new($"{path}:{(string.IsNullOrEmpty(AccessKey) ? "AccessKey" : "SecretKey")}",
                "give both AccessKey and SecretKey, or neither");
        if (Prefix.Length > 0
            && (!Prefix.EndsWith('/') || Prefix[..^1].Split('/').Any(part => part is "" or "." or ".." || !part.All(ObjectKey.MayHold))))
            yield return new($"{path}:Prefix",
                "must end in / and hold only letters, digits, dots, hyphens, underscores and single slashes");
        if (PartBytes < LeastPartBytes) yield return new($"{path}:PartBytes", $"must be at least {LeastPartBytes} (5 MiB)");
        if (RequestTimeout <= TimeSpan.Zero) yield return new($"{path}:RequestTimeout", "must be longer than nothing");
    }

    private static bool IsAddress(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            && address is { UserInfo: "", PathAndQuery: "/", Fragment: "" };
}
