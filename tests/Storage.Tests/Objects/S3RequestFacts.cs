using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using LoraDrop.Domain;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Storage.Tests;

/// <summary>What is asked of a store, and what is made of answers that s3rver does not give.</summary>
[SuppressMessage("Security", "CA5351", Justification = "Stores check by MD5.")]
public sealed class S3RequestFacts : IAsyncLifetime
{
    private readonly ConcurrentQueue<string> _asked = [];
    private readonly ConcurrentQueue<IHeaderDictionary> _puts = [];
    private Func<HttpContext, byte[], Task<bool>> _answers = (_, _) => Task.FromResult(false);
    private WebApplication _server = null!;
    private S3ObjectStore _store = null!;
    private long _held;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _server = builder.Build();
        _server.Run(AnswerAsync);
        await _server.StartAsync();
        _store = new(S3Tests.Options(_server.Urls.Single(), "objects"));
    }

    /// <summary>A store of one object, with uploads in parts.</summary>
    private async Task AnswerAsync(HttpContext http)
    {
        var (request, response) = (http.Request, http.Response);
        var query = request.Query.ContainsKey("uploads") ? "?uploads" : request.Query.ContainsKey("uploadId") ? "?uploadId" : "";
        _asked.Enqueue($"{request.Method} {request.Path}{query}");
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        if (request.Method == "PUT") _puts.Enqueue(new HeaderDictionary(request.Headers.ToDictionary(StringComparer.OrdinalIgnoreCase)));
        if (await _answers(http, body.ToArray())) return;
        if (request.Method == "HEAD") response.ContentLength = _held;
        if (request.Method == "PUT")
        {
            _held = request.Query.ContainsKey("partNumber") ? _held + body.Length : body.Length;
            response.Headers.ETag = $"\"{Convert.ToHexStringLower(MD5.HashData(body.ToArray()))}\"";
        }
        if (request.Method == "DELETE") response.StatusCode = 204;
        if (request.Method == "POST" && request.Query.ContainsKey("uploads"))
            await response.WriteAsync("<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>");
        if (request.Method == "POST" && request.Query.ContainsKey("uploadId"))
            await response.WriteAsync("<CompleteMultipartUploadResult><ETag>\"x-3\"</ETag></CompleteMultipartUploadResult>");
    }

    private static async Task<bool> Refuse(HttpContext http, int status, string code)
    {
        http.Response.StatusCode = status;
        await http.Response.WriteAsync($"<Error><Code>{code}</Code><Message>no</Message></Error>");
        return true;
    }

    [Fact]
    public async Task An_upload_carries_its_condition_and_what_it_is_checked_by()
    {
        await _store.PutAsync("a/b", new MemoryStream("text"u8.ToArray()), default);
        Assert.True(_puts.TryDequeue(out var sent));
        Assert.Equal("*", sent.IfNoneMatch);
        Assert.Equal(Convert.ToBase64String(MD5.HashData("text"u8)), sent.ContentMD5);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData("text"u8)), sent["x-amz-content-sha256"]);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData("text"u8)), sent["x-amz-meta-loradrop-sha256"]);
        Assert.Equal("O4unxw==", sent["x-amz-checksum-crc32"]);
        Assert.Equal(4, sent.ContentLength); // as it is: not in chunks, which not every store takes
    }

    [Fact]
    public async Task An_upload_in_parts_carries_its_condition_at_its_end()
    {
        IHeaderDictionary? end = null;
        _answers = (http, _) =>
        {
            if (http.Request.Method == "POST" && http.Request.Query.ContainsKey("uploadId"))
                end = new HeaderDictionary(http.Request.Headers.ToDictionary(StringComparer.OrdinalIgnoreCase));
            return Task.FromResult(false);
        };
        await _store.PutAsync("a/b", new MemoryStream(new byte[11 << 20]), default);
        Assert.Equal("*", end!.IfNoneMatch);
        Assert.Equal([5 << 20, 5 << 20, 1 << 20], _puts.Select(put => put.ContentLength));
        Assert.All(_puts, put => Assert.True(put.ContainsKey("x-amz-checksum-crc32") && put.ContainsKey("Content-MD5"),
            string.Join(' ', put.Keys)));
    }

    [Fact]
    public async Task A_store_that_does_not_know_the_condition_is_used_without_it()
    {
        _answers = (http, _) => http.Request.Method == "PUT" && http.Request.Headers.IfNoneMatch == "*"
            ? Refuse(http, 501, "NotImplemented")
            : Task.FromResult(false);
        await _store.PutAsync("a/1", new MemoryStream([1]), default);
        await _store.PutAsync("a/2", new MemoryStream([1]), default);
        Assert.Equal(["*", "", ""], _puts.Select(put => put.IfNoneMatch.ToString()));
    }

    [Fact]
    public async Task A_body_that_arrived_damaged_is_not_taken()
    {
        _answers = (http, _) =>
        {
            if (http.Request.Method != "PUT") return Task.FromResult(false);
            http.Response.Headers.ETag = $"\"{new string('0', 32)}\"";
            return Task.FromResult(true);
        };
        Assert.Contains("is not what was sent",
            (await Assert.ThrowsAsync<StoreUnreachableException>(() => _store.PutAsync("a/b", new MemoryStream([1]), default))).Message);
        Assert.Equal(["PUT /objects/a/b", "DELETE /objects/a/b"], _asked);
        _answers = (http, _) => http.Request.Method == "PUT" ? Refuse(http, 400, "BadDigest") : Task.FromResult(false);
        Assert.Contains("is not what was sent",
            (await Assert.ThrowsAsync<StoreUnreachableException>(() => _store.PutAsync("a/b", new MemoryStream([1]), default))).Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_upload_in_parts_that_fails_or_is_given_up_is_aborted(bool givenUp)
    {
        using var giveUp = new CancellationTokenSource();
        _answers = (http, _) =>
        {
            if (http.Request.Query["partNumber"] != "2") return Task.FromResult(false);
            if (givenUp) giveUp.Cancel();
            return Refuse(http, 403, "AccessDenied");
        };
        var failed = await Record.ExceptionAsync(() => _store.PutAsync("a/b", new MemoryStream(new byte[11 << 20]), giveUp.Token));
        Assert.True(givenUp ? failed is OperationCanceledException : failed is IOException, failed?.ToString());
        Assert.Equal("DELETE /objects/a/b?uploadId", _asked.Last());
    }

    [Fact]
    public async Task Uploads_that_nobody_finished_are_aborted_when_they_are_old()
    {
        _answers = async (http, _) =>
        {
            if (http.Request.Method != "GET") return false;
            await http.Response.WriteAsync("""
                <ListMultipartUploadsResult><IsTruncated>false</IsTruncated>
                <Upload><Key>a/old</Key><UploadId>u1</UploadId><Initiated>2026-01-01T10:00:00.000Z</Initiated></Upload>
                <Upload><Key>a/new</Key><UploadId>u2</UploadId><Initiated>2026-01-02T10:00:00.000Z</Initiated></Upload>
                </ListMultipartUploadsResult>
                """);
            return true;
        };
        Assert.Equal(1, await _store.RemoveUnfinishedAsync(new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero), default));
        Assert.Equal(["GET /objects?uploads", "DELETE /objects/a/old?uploadId"], _asked.Select(a => a.Replace("/objects/?", "/objects?")));
    }

    [Fact]
    public async Task An_object_is_whole_when_its_storing_ends()
    {
        var looks = 0;
        _answers = (http, _) =>
        {
            if (http.Request.Method != "HEAD") return Task.FromResult(false);
            http.Response.ContentLength = looks++ < 2 ? 0 : 1; // answered before it was written
            return Task.FromResult(true);
        };
        await _store.PutAsync("a/b", new MemoryStream([1]), default);
        Assert.Equal(3, looks);
    }

    public async ValueTask DisposeAsync()
    {
        _store.Dispose();
        await _server.DisposeAsync();
    }
}
