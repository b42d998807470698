using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using LoraDrop.Engine.Tests;
using LoraDrop.Storage;
using LoraDrop.Storage.Tests;

namespace LoraDrop.Service.Tests;

/// <summary>A job whose model and data are in a bucket of the production service's store.</summary>
public sealed class BucketJobFacts
{
    [Fact]
    public async Task It_is_fetched_trained_on_and_known_by_its_digests()
    {
        using var tiny = new TinyTask();
        using var folder = new TestFolder();
        await using var s3 = await S3Server.StartAsync();
        var settings = HostProcess.Settings(await (await PostgresServer.SharedAsync()).CreateDatabaseAsync(), s3, folder);
        var bucket = s3.NewBucket();
        settings["LORADROP_SOURCES__S3BUCKETS__0"] = bucket;
        using (var objects = new S3ObjectStore(new() { Bucket = bucket, Endpoint = s3.Endpoint, AccessKey = S3Server.AccessKey,
            SecretKey = S3Server.SecretKey }))
        {
            foreach (var file in Directory.EnumerateFiles(tiny.Model))
                await objects.PutFileAsync($"models/tiny/{Path.GetFileName(file)}", file, TestContext.Current.CancellationToken);
            await objects.PutFileAsync("moods/train.tsv", tiny.Files.Train, TestContext.Current.CancellationToken);
            await objects.PutFileAsync("moods/dev.tsv", tiny.Files.Validation!, TestContext.Current.CancellationToken);
        }
        await using (var migrate = HostProcess.Api(settings, "db", "migrate")) Assert.True(await migrate.EndAsync() == 0, migrate.Written);
        await using var api = HostProcess.Api(settings);
        await using var worker = HostProcess.Worker(settings);
        using var http = new HttpClient { BaseAddress = await api.AddressAsync() };

        foreach (var (source, reason) in new[] { ($"s3://{settings["LORADROP_OBJECTS__BUCKET"]}/models", "the service's own objects"),
            ("s3://another/moods", "does not list another"), ("s3://x/moods", "must have a valid bucket name") })
        {
            using var refused = await http.PostAsync("/datasets", Json($$"""{"name": "stolen", "source": "{{source}}"}"""));
            var problem = await refused.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid");
            Assert.Contains(reason, Assert.Single(problem.GetProperty("faults").EnumerateArray()).GetProperty("message").GetString());
        }
        using (var missing = await http.PostAsync("/datasets",
            Json($$"""{"name": "missing", "source": "s3://{{bucket}}/nothing"}"""))) Assert.Equal(HttpStatusCode.Accepted,
            missing.StatusCode);
        var failed = await Eventually.UntilAsync(() => http.GetFromJsonAsync<JsonElement>("/datasets/missing"),
            d => d.GetProperty("status").GetString() != "preparing", () => worker.Written);
        Assert.Equal("refused", failed.GetProperty("error").GetProperty("code").GetString());
        Assert.Contains($"s3://{bucket}/nothing does not exist or is empty",
            failed.GetProperty("error").GetProperty("message").GetString());

        using (var registered = await http.PostAsync("/models",
            Json($$"""{"name": "tiny", "source": "s3://{{bucket}}/models/tiny/"}"""))) Assert.Equal(HttpStatusCode.Accepted,
            registered.StatusCode);
        using var accepted = await http.PostAsync("/jobs", Json($$$"""
            {"model": "tiny", "dataset": "s3://{{{bucket}}}/moods", "task": {"kind": "classification", "columns": {"first": "text", "label": "mood"}},
             "lora": {"rank": 2}, "importance": {"sampleRatio": 0.2, "epochs": 3}, "sharing": {"keep": 1}, "training": {"epochs": 1, "batchSize": 8}}
            """));
        Assert.True(accepted.StatusCode == HttpStatusCode.Accepted, await accepted.Content.ReadAsStringAsync());
        var job = await Eventually.UntilAsync(() => http.GetFromJsonAsync<JsonElement>(accepted.Headers.Location),
            j => j.GetProperty("status").GetString() is "succeeded" or "failed", () => $"{api.Written}\n{worker.Written}");
        Assert.True(job.GetProperty("status").GetString() == "succeeded", $"{job}\n{worker.Written}");
        Assert.Equal($"s3://{bucket}/moods", job.GetProperty("dataset").GetProperty("source").GetString());
        Assert.Equal(64, job.GetProperty("model").GetProperty("sha256").GetString()!.Length);
        Assert.Equal(64, job.GetProperty("dataset").GetProperty("sha256").GetString()!.Length);
        var splits =
            (await http.GetFromJsonAsync<JsonElement>($"/datasets/{job.GetProperty("dataset").GetProperty("id").GetString()}")).GetProperty(
                "splits");
        Assert.Equal(["train", "validation"], splits.EnumerateArray().Select(split => split.GetProperty("split").GetString()));
        Assert.DoesNotContain("   at ", api.Written + worker.Written);
    }

    private static StringContent Json(string text) => new(text, null, "application/json");
}
