using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Service.Tests;

public sealed class FilesApiFacts(SharedService shared) : IClassFixture<SharedService>
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 1000).Select(i => (byte)i)];

    private readonly TestService _service = shared.Service;

    [Fact]
    public async Task The_list_tells_what_each_file_is_and_where()
    {
        var id = await WithFilesAsync();
        var items = (await _service.JsonAsync($"/jobs/{id}/artifacts")).GetProperty("items").EnumerateArray().ToArray();
        Assert.Equal(["README.md", "adapter/adapter model+1.safetensors", "importance.svg", "result.json"],
            items.Select(a => a.GetProperty("name").GetString()));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Content)), items[1].GetProperty("sha256").GetString());
        Assert.Equal(1000, items[1].GetProperty("bytes").GetInt64());
        foreach (var item in items)
        {
            using var answer = await _service.GetAsync(item.GetProperty("href").GetString()!);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal(item.GetProperty("contentType").GetString(), answer.Content.Headers.ContentType!.ToString());
            Assert.Equal(item.GetProperty("sha256").GetString(),
                Convert.ToHexStringLower(SHA256.HashData(await answer.Content.ReadAsByteArrayAsync())));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("/artifacts")]
    [InlineData("/artifacts/result.json")]
    public async Task Head_tells_what_get_would_and_sends_nothing(string path)
    {
        var id = await WithFilesAsync();
        using var got = await _service.GetAsync($"/jobs/{id}{path}");
        using var head = await _service.Http.SendAsync(new(HttpMethod.Head, $"/jobs/{id}{path}"));
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        Assert.Equal(got.Headers.ETag, head.Headers.ETag);
        Assert.Equal(got.Content.Headers.ContentType, head.Content.Headers.ContentType);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Head_of_a_file_tells_its_size_and_of_what_is_not_there_nothing_but_that()
    {
        var id = await WithFilesAsync();
        using var head = await _service.Http.SendAsync(new(HttpMethod.Head, $"/jobs/{id}/artifacts/adapter/adapter%20model+1.safetensors"));
        Assert.Equal(1000, head.Content.Headers.ContentLength);
        Assert.Equal("bytes", head.Headers.AcceptRanges.Single());
        Assert.Equal(HttpStatusCode.NotFound,
            (await _service.Http.SendAsync(new(HttpMethod.Head, $"/jobs/{id}/artifacts/nothing"))).StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed,
            (await _service.Http.SendAsync(new(HttpMethod.Head, $"/jobs/{id}/events/stream"))).StatusCode);
    }

    [Fact]
    public async Task A_file_is_named_digested_and_kept_from_running()
    {
        var id = await WithFilesAsync();
        using var answer = await _service.GetAsync($"/jobs/{id}/artifacts/adapter/adapter%20model+1.safetensors");
        Assert.Equal($"\"{Convert.ToHexStringLower(SHA256.HashData(Content))}\"", answer.Headers.ETag!.Tag);
        Assert.Equal($"sha-256=:{Convert.ToBase64String(SHA256.HashData(Content))}:", answer.Headers.GetValues("Repr-Digest").Single());
        Assert.Equal("attachment", answer.Content.Headers.ContentDisposition!.DispositionType);
        Assert.Equal("adapter model+1.safetensors", answer.Content.Headers.ContentDisposition.FileNameStar);
        Assert.Equal("application/octet-stream", answer.Content.Headers.ContentType!.MediaType);

        using var chart = await _service.GetAsync($"/jobs/{id}/artifacts/importance.svg");
        Assert.Equal("inline", chart.Content.Headers.ContentDisposition!.DispositionType);
        Assert.Equal("image/svg+xml", chart.Content.Headers.ContentType!.MediaType);
        Assert.Contains("sandbox", chart.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Equal("nosniff", chart.Headers.GetValues("X-Content-Type-Options").Single());
    }

    [Theory]
    [InlineData(10, 19, 10)]
    [InlineData(990, 5000, 10)]
    [InlineData(null, 7, 7)]
    public async Task A_part_of_a_file_can_be_had(int? from, int to, int length)
    {
        var id = await WithFilesAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get,
            $"/jobs/{id}/artifacts/adapter/adapter%20model+1.safetensors") { Headers = { Range = new RangeHeaderValue(from, to) } };
        using var answer = await _service.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.PartialContent, answer.StatusCode);
        var start = from ?? 1000 - to;
        Assert.Equal(Content[start..(start + length)], await answer.Content.ReadAsByteArrayAsync());
        Assert.Equal(1000, answer.Content.Headers.ContentRange!.Length);
    }

    [Fact]
    public async Task A_range_outside_is_not_satisfiable_and_a_known_file_costs_no_body()
    {
        var id = await WithFilesAsync();
        var address = $"/jobs/{id}/artifacts/adapter/adapter%20model+1.safetensors";
        using var outside = await _service.Http.SendAsync(new HttpRequestMessage(HttpMethod.Get,
            address) { Headers = { Range = new RangeHeaderValue(2000, 3000) } });
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, outside.StatusCode);
        var known = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(Content))}\"");
        using var unchanged =
            await _service.Http.SendAsync(new HttpRequestMessage(HttpMethod.Get, address) { Headers = { IfNoneMatch = { known } } });
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
    }

    [Theory]
    [InlineData("no/such/file")]
    [InlineData("adapter")]
    [InlineData("..%2f..%2floradrop.db")]
    [InlineData("%2fetc%2fpasswd")]
    public async Task A_name_that_is_in_no_row_is_not_found(string name)
    {
        using var answer = await _service.GetAsync($"/jobs/{await WithFilesAsync()}/artifacts/{name}");
        await answer.ProblemAsync(HttpStatusCode.NotFound, "artifact_not_found");
    }

    [Fact]
    public async Task A_slash_in_a_name_may_be_escaped()
    {
        using var answer = await _service.GetAsync($"/jobs/{await WithFilesAsync()}/artifacts/adapter%2Fadapter%20model%2B1.safetensors");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task Only_the_newest_checkpoint_can_be_downloaded()
    {
        var id = await _service.SubmitAsync();
        var lease = await _service.TakeAsync(id);
        foreach (var step in new[] { 10, 20 })
        {
            var file = await _service.StoreAsync("checkpoint.safetensors", Encoding.UTF8.GetBytes($"step {step}"));
            var other = await _service.StoreAsync("run.json", [1]);
            var replaced = await lease.CheckpointAsync(new CheckpointRow
            {
                JobId = id, Stage = Stage.ImportanceEvaluation, Step = step, Attempt = 1, At = _service.Clock.GetUtcNow(),
                Bytes = file.Bytes, Sha256 = file.Sha256,
                Scores = new() { ["accuracy"] = 0.5, ["matthews"] = double.NaN }, Files = [other, file],
            }, CancellationToken.None);
            Assert.NotNull(replaced);
        }
        var items = (await _service.JsonAsync($"/jobs/{id}/checkpoints")).GetProperty("items").EnumerateArray().ToArray();
        Assert.Equal([(10, false), (20, true)],
            items.Select(c => (c.GetProperty("step").GetInt32(), c.GetProperty("available").GetBoolean())));
        Assert.Equal("""{"accuracy":0.5}""", items[1].GetProperty("scores").GetRawText());

        using var newest = await _service.GetAsync(items[1].GetProperty("href").GetString()!);
        Assert.Equal("step 20", await newest.Content.ReadAsStringAsync());
        Assert.Equal("checkpoint.safetensors", newest.Content.Headers.ContentDisposition!.FileNameStar);
        using var older = await _service.GetAsync($"/jobs/{id}/checkpoints/importance-evaluation/10");
        await older.ProblemAsync(HttpStatusCode.NotFound, "checkpoint_replaced");
        foreach (var missing in new[] { "importance-evaluation/15", "task-adaptation/20", "nonsense/20", "importance-evaluation/x",
            "importance-evaluation/99999999999" })
        {
            using var answer = await _service.GetAsync($"/jobs/{id}/checkpoints/{missing}");
            await answer.ProblemAsync(HttpStatusCode.NotFound, "checkpoint_not_found");
        }
    }

    [Fact]
    public async Task A_checkpoint_that_is_replaced_while_it_is_asked_for_says_so()
    {
        var id = await _service.SubmitAsync();
        var lease = await _service.TakeAsync(id);
        var file = await _service.StoreAsync("checkpoint.safetensors", [1, 2, 3]);
        await lease.CheckpointAsync(new CheckpointRow
        {
            JobId = id, Stage = Stage.ImportanceEvaluation, Step = 10, Attempt = 1, At = _service.Clock.GetUtcNow(), Bytes = 3,
            Sha256 = file.Sha256, Files = [file],
        }, CancellationToken.None);
        await _service.Objects.DeleteAsync(file.Key, CancellationToken.None);
        using var answer = await _service.GetAsync($"/jobs/{id}/checkpoints/importance-evaluation/10");
        await answer.ProblemAsync(HttpStatusCode.NotFound, "checkpoint_replaced");
    }

    private async Task<Guid> WithFilesAsync()
    {
        var id = await _service.SubmitAsync(Given.Lora);
        await _service.FinishAsync(id,
            await _service.StoreAsync("adapter/adapter model+1.safetensors", Content),
            await _service.StoreAsync("importance.svg", "<svg/>"u8.ToArray()),
            await _service.StoreAsync("result.json", "{}"u8.ToArray()), await _service.StoreAsync("README.md", "# hi"u8.ToArray()));
        return id;
    }
}
