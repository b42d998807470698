using System.Collections.Concurrent;
using LoraDrop.Domain;
using LoraDrop.Storage;
using LoraDrop.Worker;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LoraDrop.Service.Tests;

/// <summary>Nothing that a user writes into <c>s3://…</c> becomes a host: only the operator's store is asked.</summary>
public sealed class BucketAddressFacts
{
    [Theory]
    [InlineData("s3://169.254.169.254/latest")]
    [InlineData("s3://127.0.0.1:9000/models")]
    [InlineData("s3://user@evil.example.com/models")]
    [InlineData("s3://evil.example.com:80/models")]
    [InlineData("s3://evil.example.com#/models")]
    [InlineData("s3://evil.example.com?x=/models")]
    [InlineData("s3://[::1]/models")]
    [InlineData("s3:///models")]
    [InlineData("s3://..%2fmodels/x")]
    [InlineData("s3://models\\@evil/x")]
    [InlineData("s3://arn:aws:s3:us-east-1:1:accesspoint/x")]
    [InlineData("s3://evil.example.com/models")]
    public void A_host_in_the_place_of_a_bucket_is_refused(string written)
    {
        var faults = new List<Fault>();
        var options = new SourceOptions { Store = new() { Bucket = "own-objects", Endpoint = "https://s3.example.com" },
            S3Buckets = ["team-models"] };
        // a name with dots may be a bucket's; this one is not listed
        if (Source.Parse(written, "model", faults) is Source.S3 source) Assert.NotNull(options.Refusal(source));
        else Assert.NotEmpty(faults);
    }

    [Theory]
    [InlineData("team-models", "@169.254.169.254")]
    [InlineData("team-models", "169.254.169.254:80")]
    [InlineData("team-models", "http:")]
    [InlineData("team-models", "a?b#c")]
    [InlineData("team-models", "%2e%2e")]
    [InlineData("169.254.169.254", "latest")]
    [InlineData("evil.example.com", "x")]
    public async Task Whatever_bucket_and_folder_are_called_the_operator_s_store_is_asked_and_no_other(string bucket, string folder)
    {
        var asked = new ConcurrentQueue<(string Host, string Path)>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var store = builder.Build();
        store.Run(http =>
        {
            asked.Enqueue((http.Request.Host.ToString(), http.Request.Path));
            http.Response.StatusCode = StatusCodes.Status403Forbidden;
            return Task.CompletedTask;
        });
        await store.StartAsync(TestContext.Current.CancellationToken);
        var endpoint = store.Urls.First();
        var options = new SourceOptions { Store = new() { Bucket = "own-objects", Endpoint = endpoint, AccessKey = "a", SecretKey = "b" },
            S3Buckets = [bucket] };
        var client = new BucketClient(options, new(TimeProvider.System, new(), NullLogger<Outages>.Instance));
        await Assert.ThrowsAsync<RefusedInputException>(() => client.FetchModelAsync(new(bucket, folder), Path.GetTempPath(),
            new HubVisit.Inline(_ => { }), TestContext.Current.CancellationToken));
        Assert.NotEmpty(asked);
        Assert.All(asked, request => Assert.Equal((new Uri(endpoint).Authority, $"/{bucket}"), (request.Host, request.Path.TrimEnd('/'))));
    }
}
