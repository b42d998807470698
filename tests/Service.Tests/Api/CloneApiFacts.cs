using System.Net;
using System.Text;
using System.Text.Json;

namespace LoraDrop.Service.Tests;

public sealed class CloneApiFacts(SharedService shared) : IClassFixture<SharedService>
{
    private readonly TestService _service = shared.Service;

    [Fact]
    public async Task A_clone_asks_for_the_same_and_says_whose_it_is()
    {
        var first = await _service.SubmitAsync(Given.Minimal.Replace("{ \"model\"",
            """{ "name": "first", "labels": { "team": "search" }, "model" """.TrimEnd()));
        using var answer = await _service.PostAsync($"/jobs/{first}/clone");
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        var clone = await answer.JsonAsync();
        Assert.Equal($"/jobs/{clone.GetProperty("id").GetString()}", answer.Headers.Location!.ToString());
        Assert.NotNull(answer.Headers.ETag);
        Assert.Equal(first, clone.GetProperty("clonedFrom").GetGuid());
        var original = await _service.JsonAsync($"/jobs/{first}");
        Assert.Equal(original.GetProperty("settings").GetRawText(), clone.GetProperty("settings").GetRawText());
        Assert.Equal("search", clone.GetProperty("labels").GetProperty("team").GetString());
        Assert.False(original.TryGetProperty("clonedFrom", out _));
        Assert.Equal(clone.GetRawText(), (await _service.JsonAsync($"/jobs/{clone.GetProperty("id").GetString()}")).GetRawText());
    }

    [Fact]
    public async Task A_merge_patch_changes_what_it_names_and_null_takes_back_to_the_default()
    {
        var first = await _service.SubmitAsync(Given.Minimal.Replace("{ \"model\"",
            """{ "name": "first", "lora": { "rank": 4, "alpha": 4 }, "labels": { "a": "1", "b": "2" }, "model" """.TrimEnd()));
        var settings =
            (await ClonedAsync(first,
                """{ "name": null, "lora": { "rank": 2 }, "sharing": { "threshold": null, "keep": 1 }, "labels": { "a": null, "c": "3" }, "training": { "epochs": 7 } }""")).GetProperty("settings");
        Assert.False(settings.TryGetProperty("name", out _));
        Assert.Equal((2, 4), (settings.GetProperty("lora").GetProperty("rank").GetInt32(),
            settings.GetProperty("lora").GetProperty("alpha").GetInt32()));
        Assert.Equal(1, settings.GetProperty("sharing").GetProperty("keep").GetInt32());
        Assert.Equal("""{"b":"2","c":"3"}""", settings.GetProperty("labels").GetRawText());
        Assert.Equal(7, settings.GetProperty("training").GetProperty("epochs").GetInt32());
        var lora = (await ClonedAsync(first, """{ "method": "lora", "importance": null, "sharing": null }""")).GetProperty("settings");
        Assert.Equal("lora", lora.GetProperty("method").GetString());
    }

    [Theory]
    [InlineData("""{ "sharing": { "threshold": 2 } }""", "sharing.threshold")]
    [InlineData("""{ "sharing": { "keep": 1 } }""", "sharing.keep")]
    [InlineData("""{ "model": "nothing" }""", "model")]
    [InlineData("""{ "model": null }""", "model")]
    [InlineData("""{ "trainig": { "epochs": 1 } }""", "trainig")]
    [InlineData("""{ "lora": 7 }""", "lora")]
    [InlineData("""{ "lora": { "rank": 1, "rank": 2 } }""", "lora.rank")]
    [InlineData("""[]""", "line 1 column 1")]
    [InlineData("""{ "\ud800": 1 }""", "?")]
    public async Task A_patch_that_cannot_be_is_refused(string patch, string path)
    {
        var first = await _service.SubmitAsync();
        using var answer = await _service.PostAsync($"/jobs/{first}/clone", patch);
        Assert.Equal([path], (await answer.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid")).Paths());
    }

    [Fact]
    public async Task What_is_no_JSON_and_what_is_no_job_is_refused()
    {
        var first = await _service.SubmitAsync();
        await (await _service.PostAsync($"/jobs/{first}/clone", "{")).ProblemAsync(HttpStatusCode.BadRequest, "not_json");
        await (await _service.Http.PostAsync($"/jobs/{first}/clone", new StringContent("{}", Encoding.UTF8, "text/plain"))).ProblemAsync(
            HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
        await (await _service.PostAsync($"/jobs/{Guid.NewGuid()}/clone")).ProblemAsync(HttpStatusCode.NotFound, "job_not_found");
    }

    private async Task<JsonElement> ClonedAsync(Guid job, string patch) =>
        await (await _service.PostAsync($"/jobs/{job}/clone", patch)).JsonAsync();
}
