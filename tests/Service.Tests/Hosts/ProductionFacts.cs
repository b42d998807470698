using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using LoraDrop.Engine.Tests;
using LoraDrop.Storage.Tests;

namespace LoraDrop.Service.Tests;

/// <summary>The service as it runs on many machines: Api and worker as processes, PostgreSQL, an S3 server.</summary>
public sealed class ProductionFacts
{
    [Fact]
    public async Task A_job_that_is_handed_to_the_Api_is_done_by_a_worker_and_its_files_come_from_the_store()
    {
        using var tiny = new TinyTask();
        using var folder = new TestFolder();
        await using var s3 = await S3Server.StartAsync();
        var settings = HostProcess.Settings(await (await PostgresServer.SharedAsync()).CreateDatabaseAsync(), s3, folder);
        settings["LORADROP_SOURCES__FOLDERS__0"] = Path.GetDirectoryName(tiny.Model)!;
        await MigrateAsync(settings);
        await using var api = HostProcess.Api(settings);
        await using var worker = HostProcess.Worker(settings);
        using var http = new HttpClient { BaseAddress = await api.AddressAsync() };

        var outside = await http.PostAsync("/models", Json("""{"name": "out", "source": "file:/etc"}"""));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, outside.StatusCode);
        Assert.Contains("is in no folder that this service may read", await outside.Content.ReadAsStringAsync());

        using var form = new MultipartFormDataContent { { new StringContent("moods"), "name" },
            { new ByteArrayContent(await File.ReadAllBytesAsync(tiny.Files.Train)), "train", "train.tsv" } };
        Assert.Equal(HttpStatusCode.Accepted, (await http.PostAsync("/datasets", form)).StatusCode);
        using var accepted = await http.PostAsync("/jobs", Json($$$"""
            {"model": "file:{{{tiny.Model}}}", "dataset": "moods", "task": {"kind": "classification", "columns": {"first": "text", "label": "mood"}},
             "lora": {"rank": 2}, "importance": {"sampleRatio": 0.2, "epochs": 3}, "sharing": {"keep": 1}, "training": {"epochs": 1, "batchSize": 8}}
            """));
        Assert.True(accepted.StatusCode == HttpStatusCode.Accepted, await accepted.Content.ReadAsStringAsync());
        var job = await Eventually.UntilAsync(() => http.GetFromJsonAsync<JsonElement>(accepted.Headers.Location),
            j => j.GetProperty("status").GetString() is "succeeded" or "failed", () => $"{api.Written}\n{worker.Written}");
        Assert.True(job.GetProperty("status").GetString() == "succeeded", $"{job}\n{worker.Written}");
        var adapter = await http.GetAsync($"{accepted.Headers.Location}/artifacts/adapter/adapter_model.safetensors");
        Assert.True(adapter.IsSuccessStatusCode, await adapter.Content.ReadAsStringAsync());
        var listed = Assert.Single((await http.GetFromJsonAsync<JsonElement>("/workers")).GetProperty("items").EnumerateArray());
        Assert.Contains(worker.Id.ToString(), listed.GetProperty("id").GetString());

        Assert.Equal((0, 0), (await worker.TerminateAsync(), await api.TerminateAsync()));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.At("work")));
        Assert.DoesNotContain("   at ", api.Written + worker.Written);
    }

    [Fact]
    public async Task What_is_gone_is_named_by_readiness_and_answered_with_503_until_it_is_back()
    {
        using var folder = new TestFolder();
        await using var s3 = await S3Server.StartAsync();
        await using var postgres = await PostgresServer.StartAsync();
        var settings = HostProcess.Settings(await postgres.CreateDatabaseAsync(), s3, folder);
        await MigrateAsync(settings);
        var health = $"http://127.0.0.1:{FreePort()}";
        settings["LORADROP_WORKER__HEALTHURL"] = health;
        await using var api = HostProcess.Api(settings);
        await using var worker = HostProcess.Worker(settings);
        using var http = new HttpClient { BaseAddress = await api.AddressAsync() };
        await worker.SaysAsync("started on cpu");
        var checks = await ChecksAsync(http, $"{health}/health/ready", 200);
        Assert.Equal(("ok", "ok", "ok"), (checks["database"], checks["objects"], checks["device"]));

        await postgres.StopAsync(immediate: true);
        Assert.StartsWith("failed: ", (await ChecksAsync(http, "/health/ready", 503))["database"]);
        Assert.StartsWith("failed: ", (await ChecksAsync(http, $"{health}/health/ready", 503))["database"]);
        Assert.DoesNotContain("loradrop_jobs{", await http.GetStringAsync("/metrics")); // an old number would look like a good one
        using (var gone = await http.GetAsync("/jobs")) await AssertLaterAsync(gone, "database_unreachable");
        Assert.True((await http.GetAsync("/health/live")).IsSuccessStatusCode);
        await postgres.StartAgainAsync();
        await Eventually.UntilAsync(() => http.GetAsync("/jobs"), answer => answer.IsSuccessStatusCode, () => api.Written);

        await Eventually.UntilAsync(() => http.GetStringAsync("/metrics"), told => told.Contains("loradrop_jobs{"), () => api.Written);

        await s3.StopAsync();
        Assert.StartsWith("failed: ", (await ChecksAsync(http, "/health/ready", 503))["objects"]);
        using (var form = new MultipartFormDataContent { { new StringContent("moods"), "name" },
            { new ByteArrayContent("text\tmood\na\tgood\n"u8.ToArray()), "train", "train.tsv" } })
        using (var gone = await http.PostAsync("/datasets", form)) await AssertLaterAsync(gone, "store_unreachable");
        await s3.StartAgainAsync();
        await Eventually.UntilAsync(() => http.GetAsync("/health/ready"), answer => answer.IsSuccessStatusCode, () => api.Written);
        await Eventually.UntilAsync(() => http.GetAsync($"{health}/health/ready"), answer => answer.IsSuccessStatusCode,
            () => worker.Written);
        Assert.DoesNotContain("   at ", api.Written);
    }

    [Fact]
    public async Task A_worker_removes_what_dead_ones_left_and_nothing_of_living_ones()
    {
        using var folder = new TestFolder();
        Directory.CreateDirectory(folder.At("work", "dead"));
        File.WriteAllText(folder.At("work", "dead.lock"), "");
        using (var one = LoraDrop.Worker.OwnWorkFolder.Take(folder.At("work")))
        using (var other = LoraDrop.Worker.OwnWorkFolder.Take(folder.At("work")))
        {
            Assert.False(Directory.Exists(folder.At("work", "dead")));
            Assert.True(Directory.Exists(one.Path) && Directory.Exists(other.Path) && one.Path != other.Path);
        }
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.At("work")));
    }

    private static async Task MigrateAsync(Dictionary<string, string> settings)
    {
        await using var migrate = HostProcess.Api(settings, "db", "migrate");
        Assert.True(await migrate.EndAsync() == 0, migrate.Written);
    }

    private static async Task<Dictionary<string, string>> ChecksAsync(HttpClient http, string address, int status)
    {
        using var answer = await http.GetAsync(address);
        Assert.Equal(status, (int)answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("checks").Deserialize<Dictionary<string, string>>()!;
    }

    private static async Task AssertLaterAsync(HttpResponseMessage answer, string code)
    {
        await answer.ProblemAsync(HttpStatusCode.ServiceUnavailable, code);
        Assert.Equal(TimeSpan.FromSeconds(5), answer.Headers.RetryAfter!.Delta);
    }

    private static StringContent Json(string text) => new(text, null, "application/json");

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
