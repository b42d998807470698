using System.Net;
using LoraDrop.Engine.Tests;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Service.Tests;

public sealed class ModelsApiFacts : IAsyncLifetime
{
    private TestService _service = null!;

    public async ValueTask InitializeAsync()
    {
        _service = await TestService.StartAsync(services => services.AddSingleton(new SourceOptions { LocalFiles = true }));
        await _service.AddInputsAsync();
    }

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task A_model_is_registered_and_prepared_later()
    {
        using var answer = await _service.PostAsync("/models", """{ "name": "roberta", "source": "hf:FacebookAI/roberta-base" }""");
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Equal("/models/roberta", answer.Headers.Location!.ToString());
        var model = await answer.JsonAsync();
        Assert.Equal("preparing", model.GetProperty("status").GetString());
        Assert.Equal("hf:FacebookAI/roberta-base", model.GetProperty("source").GetString());
        Assert.Equal(model.GetRawText(), (await _service.JsonAsync("/models/roberta")).GetRawText());
        Assert.Equal(model.GetRawText(), (await _service.JsonAsync($"/models/{model.GetProperty("id").GetString()}")).GetRawText());
    }

    [Fact]
    public async Task A_folder_of_this_machine_is_a_source_where_that_is_allowed()
    {
        using var folder = new TestFolder();
        using (var answer = await _service.PostAsync("/models",
            $$"""{ "name": "local", "source": "file:{{folder.Path}}" }""")) Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        using (var answer = await _service.PostAsync("/models", $$"""{ "name": "none", "source": "file:{{folder.At("missing")}}" }"""))
            Assert.Equal(["source"], (await answer.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid")).Paths());
        await using var strict = await TestService.StartAsync();
        using var refused = await strict.PostAsync("/models", $$"""{ "name": "other", "source": "file:{{folder.Path}}" }""");
        Assert.Equal(["source"], (await refused.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid")).Paths());
    }

    [Fact]
    public async Task A_bucket_is_no_source_of_a_service_that_keeps_its_objects_in_a_folder()
    {
        foreach (var (address, body) in new[] { ("/models", """{ "name": "x", "source": "s3://models/roberta" }"""),
            ("/datasets", """{ "name": "x", "source": "s3://data/rte" }""") })
        {
            using var refused = await _service.PostAsync(address, body);
            var fault = Assert.Single((await refused.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid")).GetProperty("faults")
                .EnumerateArray());
            Assert.Equal("source", fault.GetProperty("path").GetString());
            Assert.StartsWith("s3:// needs a service that keeps its objects in an S3 store", fault.GetProperty("message").GetString());
        }
    }

    [Fact]
    public async Task What_is_known_of_a_model_is_shown_when_it_is_ready_and_how_far_it_is_before()
    {
        using (await _service.PostAsync("/models", """{ "name": "roberta", "source": "hf:a/b" }""")) { }
        await _service.RowsAsync(db => db.Models.Where(m => m.Name == "roberta")
            .ExecuteUpdateAsync(set => set.SetProperty(m => m.Fetched, 10).SetProperty(m => m.FetchTotal, 40)));
        Assert.Equal("""{"bytes":10,"total":40}""", (await _service.JsonAsync("/models/roberta")).GetProperty("fetch").GetRawText());
        var ready = await _service.JsonAsync("/models/sample-model");
        Assert.Equal(4, ready.GetProperty("facts").GetProperty("layers").GetInt32());
        Assert.False(ready.TryGetProperty("fetch", out _));
    }

    [Fact]
    public async Task A_name_is_given_once_even_when_two_ask_together()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 8)
            .Select(_ => _service.PostAsync("/models", """{ "name": "roberta", "source": "hf:a/b" }""")));
        Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.Accepted);
        foreach (var answer in answers.Where(a => a.StatusCode != HttpStatusCode.Accepted))
            await answer.ProblemAsync(HttpStatusCode.Conflict, "model_exists");
        Assert.DoesNotContain(_service.Errors, error => error.StartsWith("POST"));   // EF Core logs what it was refused
    }

    [Theory]
    [InlineData("""{ }""", new[] { "name", "source" })]
    [InlineData("""{ "name": "", "source": "hf:a/b", "sourse": 1 }""", new[] { "name", "sourse" })]
    [InlineData("""{ "name": "x", "source": "registered-name" }""", new[] { "source" })]
    [InlineData("""{ "name": "x", "name": "y", "source": "hf:a/b" }""", new[] { "name" })]
    public async Task Faults_come_at_once(string json, string[] paths)
    {
        using var answer = await _service.PostAsync("/models", json);
        Assert.Equal(paths, (await answer.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid")).Paths().Distinct());
    }

    [Fact]
    public async Task The_list_shows_registered_ones_and_all_when_asked()
    {
        using (var folder = new TestFolder()) await _service.SubmitAsync(Given.Minimal.Replace("sample-model", $"file:{folder.Path}"));
        var named = (await _service.JsonAsync("/models")).GetProperty("items");
        Assert.Equal("sample-model", Assert.Single(named.EnumerateArray()).GetProperty("name").GetString());
        var first = await _service.JsonAsync("/models?all=true&limit=1");
        Assert.False(first.GetProperty("items")[0].TryGetProperty("name", out _));
        var second = await _service.JsonAsync($"/models?all=true&limit=1&cursor={first.GetProperty("next").GetString()}");
        Assert.Equal("sample-model", second.GetProperty("items")[0].GetProperty("name").GetString());
        Assert.False(second.TryGetProperty("next", out _));
        using var bad = await _service.GetAsync("/models?all=yes&cursor=x");
        Assert.Equal(["all", "cursor"], (await bad.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid")).Paths());
    }

    [Fact]
    public async Task A_model_is_deleted_when_no_job_needs_it_any_more()
    {
        var job = await _service.SubmitAsync();
        using (var used = await _service.Http.DeleteAsync("/models/sample-model"))
            Assert.Contains(job.ToString(), (await used.ProblemAsync(HttpStatusCode.Conflict, "model_in_use")).GetProperty("detail")
                .GetString());
        using (await _service.PostAsync($"/jobs/{job}/cancel")) { }
        var id = (await _service.JsonAsync("/models/sample-model")).GetProperty("id").GetString();
        using (var deleted = await _service.Http.DeleteAsync("/models/sample-model")) Assert.Equal(HttpStatusCode.NoContent,
            deleted.StatusCode);
        using (var gone = await _service.GetAsync("/models/sample-model")) await gone.ProblemAsync(HttpStatusCode.NotFound,
            "model_not_found");
        using (var twice = await _service.Http.DeleteAsync($"/models/{id}")) await twice.ProblemAsync(HttpStatusCode.NotFound,
            "model_not_found");
        var former = await _service.JsonAsync($"/models/{id}");
        Assert.Equal("sample-model", former.GetProperty("formerName").GetString());
        using var again = await _service.PostAsync("/models", """{ "name": "sample-model", "source": "hf:a/b" }""");
        Assert.Equal(HttpStatusCode.Accepted, again.StatusCode);
    }
}
