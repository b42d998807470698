using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Service.Tests;

/// <summary>Keys, owners and repeated requests under /v1.</summary>
public sealed class OpenAiAccessFacts(GuardedService guarded) : IClassFixture<GuardedService>
{
    private readonly TestService _service = guarded.Service;

    [Fact]
    public async Task Without_a_key_and_with_one_that_may_not_the_errors_are_OpenAIs()
    {
        using var stranger = new HttpClient { BaseAddress = _service.Address };
        using (var answer = await stranger.GetAsync("/v1/models")) Assert.Equal(("invalid_request_error", "invalid_api_key"),
            await ErrorAsync(answer, HttpStatusCode.Unauthorized));
        using (var answer = await stranger.GetAsync("/v1/no/such")) Assert.Equal("invalid_api_key",
            (await ErrorAsync(answer, HttpStatusCode.Unauthorized)).Code);
        using (var answer = await guarded.AdasReader.PostTextAsync("/v1/fine_tuning/jobs", Body("acceptable"))) Assert.Equal(
            ("permission_error", "forbidden"), await ErrorAsync(answer, HttpStatusCode.Forbidden));
        using var hasty = _service.As(await _service.KeyAsync(Role.Read, "hasty", requestsPerMinute: 1));
        (await hasty.GetAsync("/v1/models")).Dispose();
        using (var answer = await hasty.GetAsync("/v1/models"))
        {
            Assert.Equal(("rate_limit_error", "rate_limit_exceeded"), await ErrorAsync(answer, HttpStatusCode.TooManyRequests));
            Assert.NotNull(answer.Headers.RetryAfter);
        }
    }

    [Fact]
    public async Task Files_jobs_and_models_are_their_owners()
    {
        var file = (await UploadAsync(guarded.Ada)).GetProperty("id").GetString();
        var job = await CreatedAsync(guarded.Ada, file!);
        Assert.Equal("ada", job.GetProperty("organization_id").GetString());
        var id = job.GetProperty("id").GetString();
        foreach (var address in new[] { $"/v1/files/{file}", $"/v1/files/{file}/content", $"/v1/fine_tuning/jobs/{id}",
            $"/v1/fine_tuning/jobs/{id}/events", $"/v1/fine_tuning/jobs/{id}/checkpoints" })
        {
            foreach (var client in new[] { guarded.Ada, guarded.AdasReader, guarded.Admin })
                Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(address)).StatusCode);
            Assert.Equal(HttpStatusCode.NotFound, (await guarded.Bob.GetAsync(address)).StatusCode);
        }
        foreach (var list in new[] { "/v1/files", "/v1/fine_tuning/jobs" })
            Assert.Empty((await guarded.Bob.ReadAsync(list)).GetProperty("data").EnumerateArray());
        Assert.Equal(HttpStatusCode.NotFound, (await guarded.Bob.DeleteAsync($"/v1/files/{file}")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await guarded.Bob.PostTextAsync($"/v1/fine_tuning/jobs/{id}/cancel", "")).StatusCode);
        using (var answer = await guarded.Bob.PostTextAsync("/v1/fine_tuning/jobs", Body(file!)))
        {
            var error = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error");
            Assert.Equal(("training_file", $"training_file: there is no file {file}"),
                (error.GetProperty("param").GetString(), error.GetProperty("message").GetString()));
        }

        var made = await guarded.Ada.SubmitAsync(Given.Lora);
        await _service.FinishAsync(made, await _service.StoreAsync("result.json", "{}"u8.ToArray()));
        var model = (await guarded.Ada.ReadAsync("/v1/models")).GetProperty("data").EnumerateArray()
            .Select(m => m.GetProperty("id").GetString()!).Single(name => name.StartsWith("ft:", StringComparison.Ordinal));
        Assert.StartsWith("ft:sample-model:ada:", model);
        Assert.DoesNotContain("ft:", (await guarded.Bob.ReadAsync("/v1/models")).ToString());
        Assert.Equal(HttpStatusCode.NotFound, (await guarded.Bob.DeleteAsync($"/v1/models/{model}")).StatusCode);
        Assert.Empty((await guarded.Bob.ReadAsync("/v1/files?purpose=fine-tune-results")).GetProperty("data").EnumerateArray());
        Assert.Single((await guarded.Ada.ReadAsync("/v1/files?purpose=fine-tune-results")).GetProperty("data").EnumerateArray());
    }

    [Fact]
    public async Task A_request_that_is_sent_twice_makes_one_job_and_one_file()
    {
        var file = (await UploadAsync(guarded.Ada, "once")).GetProperty("id").GetString();
        Assert.Equal(file, (await UploadAsync(guarded.Ada, "once")).GetProperty("id").GetString());
        using var first = await guarded.Ada.PostTextAsync("/v1/fine_tuning/jobs", Body(file!), "twice");
        using var second = await guarded.Ada.PostTextAsync("/v1/fine_tuning/jobs", Body(file!), "twice");
        Assert.Equal(await first.Content.ReadAsStringAsync(), await second.Content.ReadAsStringAsync());
        using (var other = await guarded.Ada.PostTextAsync("/v1/fine_tuning/jobs", Body("acceptable"), "twice")) Assert.Equal(
            "idempotency_reused", (await ErrorAsync(other, HttpStatusCode.BadRequest)).Code);
        var made = await _service.RowsAsync(db => db.Audit.Where(change => change.Action == "createFineTuningJob")
            .OrderBy(change => change.Id).Select(change => change.Target).LastAsync());
        Assert.Equal($"/v1/fine_tuning/jobs/{(await first.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()}", made);
    }

    [Fact]
    public async Task Who_may_only_look_may_ask_for_an_estimate_and_clone_nothing()
    {
        var job = await guarded.Ada.SubmitAsync();
        using (var estimate = await guarded.AdasReader.PostTextAsync("/jobs/estimate", Given.Minimal)) Assert.Equal(HttpStatusCode.OK,
            estimate.StatusCode);
        using (var clone = await guarded.AdasReader.PostTextAsync($"/jobs/{job}/clone", "{}")) await clone.ProblemAsync(
            HttpStatusCode.Forbidden, "forbidden");
        using (var clone = await guarded.Bob.PostTextAsync($"/jobs/{job}/clone", "{}")) await clone.ProblemAsync(HttpStatusCode.NotFound,
            "job_not_found");
        using var twice = await guarded.Ada.PostTextAsync($"/jobs/{job}/clone", "{}", "clone");
        using var again = await guarded.Ada.PostTextAsync($"/jobs/{job}/clone", "{}", "clone");
        Assert.Equal(twice.Headers.Location, again.Headers.Location);
    }

    private static string Body(string file) =>
        $$"""{"model": "sample-model", "training_file": "{{file}}", "method": {"type": "lora-drop", "lora_drop": {"task": {"kind": "classification", "columns": {"first": "sentence", "label": "label"} } } } }""";

    private static async Task<JsonElement> CreatedAsync(HttpClient client, string file)
    {
        using var answer = await client.PostTextAsync("/v1/fine_tuning/jobs", Body(file));
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private static async Task<JsonElement> UploadAsync(HttpClient client, string? idempotencyKey = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/files")
        {
            Content = new MultipartFormDataContent("boundary") { { new StringContent("fine-tune"), "purpose" },
            { new StringContent("""{"sentence": "x", "label": "y"}"""), "file", "mine.jsonl" } },
        };
        if (idempotencyKey is not null) request.Headers.Add("Idempotency-Key", idempotencyKey);
        using var answer = await client.SendAsync(request);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private static async Task<(string? Type, string? Code)> ErrorAsync(HttpResponseMessage answer, HttpStatusCode status)
    {
        Assert.Equal(status, answer.StatusCode);
        var error = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error");
        return (error.GetProperty("type").GetString(), error.GetProperty("code").GetString());
    }
}
