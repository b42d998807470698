using System.Net;
using LoraDrop.Domain;
using LoraDrop.Engine.Tests;

namespace LoraDrop.Storage.Tests;

/// <summary>One S3 server for the tests of a class.</summary>
public class OneS3Server : IAsyncLifetime
{
    private S3Server? _server;

    private protected virtual bool Conditions => false;

    /// <summary>The server; the test is skipped where there is none.</summary>
    internal async Task<S3Server> GetAsync() => _server ?? await S3Server.StartAsync();

    public async ValueTask InitializeAsync()
    {
        if (S3Server.Missing is null) _server = await S3Server.StartAsync(Conditions);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_server is not null) await _server.DisposeAsync();
    }
}

/// <summary>One that honours If-None-Match.</summary>
public sealed class OneConditionalS3Server : OneS3Server
{
    private protected override bool Conditions => true;
}

/// <summary>A bucket of its own for a test.</summary>
internal static class S3Tests
{
    public static S3Options Options(string endpoint, string bucket) => new()
    {
        Bucket = bucket,
        Endpoint = endpoint,
        AccessKey = S3Server.AccessKey,
        SecretKey = S3Server.SecretKey,
        PartBytes = 5 << 20,
    };
}

/// <summary>The contract on a server that ignores If-None-Match.</summary>
public sealed class S3ObjectStoreFacts(OneS3Server one) : ObjectStoreFacts, IClassFixture<OneS3Server>, IAsyncLifetime
{
    private S3Server _server = null!;
    private S3Options _options = null!;
    private S3ObjectStore _store = null!;

    private protected override IObjectStore Store => _store;

    public async ValueTask InitializeAsync()
    {
        _server = await one.GetAsync();
        _options = S3Tests.Options(_server.Endpoint, _server.NewBucket());
        _store = new(_options);
    }

    [Fact]
    public async Task Long_lists_come_in_pages()
    {
        Directory.CreateDirectory(Path.Combine(_server.FolderOf(_options.Bucket), "many"));
        for (var i = 0; i < 2_001; i++)
            File.WriteAllText(Path.Combine(_server.FolderOf(_options.Bucket), "many", $"{i:0000}._S3rver_object"), "x");
        Assert.Equal(2_001, (await Store.ListAsync("many/", default).ToListAsync()).Select(file => file.Key).Distinct().Count());
    }

    [Fact]
    public async Task A_prefix_keeps_two_services_in_one_bucket_apart()
    {
        _store.Dispose();
        _options = _options with { Prefix = "ours/" };
        _store = new(_options);
        using var theirs = new S3ObjectStore(new() { Bucket = _options.Bucket, Endpoint = _options.Endpoint, AccessKey = S3Server.AccessKey,
            SecretKey = S3Server.SecretKey, Prefix = "theirs/" });
        await Store.PutAsync("a/b", Bytes("ours"), default);
        await theirs.PutAsync("a/b", Bytes("theirs"), default);
        Assert.Equal("ours", await Text("a/b"));
        Assert.Equal(["a/b"], (await Store.ListAsync("", default).ToListAsync()).Select(file => file.Key));
        using var bucket = new S3Bucket(_options);
        Assert.Equal(["ours/a/b", "theirs/a/b"], (await bucket.ListAsync("", default).ToListAsync()).Select(file => file.Key).Order());
        using var folder = new TestFolder();
        await bucket.FetchAsync("theirs/a/b", folder.At("b"), default);
        Assert.Equal("theirs", File.ReadAllText(folder.At("b")));
    }

    [Fact]
    public async Task A_download_address_needs_no_key_and_names_the_file()
    {
        await Store.PutAsync("jobs/1/chart", Bytes("<svg/>"), default);
        var address = await Store.DownloadAddressAsync("jobs/1/chart", "adapter/größe.svg", "image/svg+xml", TimeSpan.FromMinutes(5),
            default);
        using var http = new HttpClient();
        using var answer = await http.GetAsync(address);
        Assert.Equal("<svg/>", await answer.Content.ReadAsStringAsync());
        Assert.Equal("image/svg+xml", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal("größe.svg", answer.Content.Headers.ContentDisposition!.FileNameStar);
        using var forged = await http.GetAsync(address!.AbsoluteUri.Replace("jobs/1/chart", "jobs/2/chart"));
        Assert.Equal(HttpStatusCode.Forbidden, forged.StatusCode);
    }

    [Fact]
    public async Task Download_addresses_are_made_for_the_host_that_users_see()
    {
        using var store = new S3ObjectStore(new() { Bucket = "objects", Endpoint = _server.Endpoint,
            PublicEndpoint = "https://objects.example:444", AccessKey = "k", SecretKey = "s" });
        var address = await store.DownloadAddressAsync("a/b", "b", "text/plain", TimeSpan.FromMinutes(5), default);
        Assert.StartsWith("https://objects.example:444/objects/a/b?", address!.AbsoluteUri);
        Assert.Contains("X-Amz-Expires=300", address.Query);
        using var none =
            new S3ObjectStore(new() { Bucket = "objects", Endpoint = _server.Endpoint, AccessKey = "k", SecretKey = "s", Presign = false });
        Assert.Null(await none.DownloadAddressAsync("a/b", "b", "text/plain", TimeSpan.FromMinutes(5), default));
    }

    [Fact]
    public async Task A_wrong_secret_is_said_plainly_and_not_shown()
    {
        _options = _options with { SecretKey = "not the secret" };
        using var store = new S3ObjectStore(_options);
        var denied = await Assert.ThrowsAsync<IOException>(() => store.CheckAsync(default));
        Assert.Contains($"denies access to the bucket {_options.Bucket} (SignatureDoesNotMatch)", denied.Message);
        Assert.DoesNotContain(_options.SecretKey, denied.ToString());
        Assert.IsType<IOException>(await Record.ExceptionAsync(() => store.OpenAsync("a/b", default)));
    }

    [Fact]
    public async Task A_bucket_that_is_not_there_is_said_plainly()
    {
        using var store = new S3ObjectStore(S3Tests.Options(_server.Endpoint, "no-such-bucket"));
        Assert.StartsWith($"There is no bucket no-such-bucket at {_server.Endpoint}.",
            (await Assert.ThrowsAsync<IOException>(() => store.CheckAsync(default))).Message);
        Assert.StartsWith("There is no bucket",
            (await Assert.ThrowsAsync<IOException>(() => store.ListAsync("", default).ToListAsync().AsTask())).Message);
    }

    [Fact]
    public async Task An_object_that_was_damaged_in_the_store_is_not_fetched()
    {
        using var folder = new TestFolder();
        await Store.PutAsync("a/b", Bytes("text"), default);
        File.WriteAllText(Path.Combine(_server.FolderOf(_options.Bucket), "a", "b._S3rver_object"), "tezt");
        Assert.Contains("is damaged",
            (await Assert.ThrowsAsync<IOException>(() => Store.FetchAsync("a/b", folder.At("b"), default))).Message);
        Assert.Empty(Directory.EnumerateFiles(folder.Path));
    }

    public ValueTask DisposeAsync()
    {
        _store?.Dispose();
        return ValueTask.CompletedTask;
    }
}

/// <summary>The contract on a server that honours If-None-Match.</summary>
public sealed class ConditionalS3ObjectStoreFacts(OneConditionalS3Server one) : WrittenOnceFacts, IClassFixture<OneConditionalS3Server>,
    IAsyncLifetime
{
    private S3ObjectStore _store = null!;

    private protected override IObjectStore Store => _store;

    public async ValueTask InitializeAsync()
    {
        var server = await one.GetAsync();
        _store = new(S3Tests.Options(server.Endpoint, server.NewBucket()));
    }

    public ValueTask DisposeAsync()
    {
        _store?.Dispose();
        return ValueTask.CompletedTask;
    }
}
