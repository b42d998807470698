using System.Net;
using LoraDrop.Api;
using LoraDrop.Domain;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace LoraDrop.Service.Tests;

public sealed class JobListQueryApiFacts(SharedService shared) : IClassFixture<SharedService>
{
    private readonly TestService _service = shared.Service;

    [Theory]
    [InlineData("status=runing", "status")]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=101", "limit")]
    [InlineData("limit=99999999999999999999", "limit")]
    [InlineData("limit=3&limit=4", "limit")]
    [InlineData("cursor=garbage", "cursor")]
    [InlineData("cursor=", "cursor")]
    [InlineData("label=team", "label")]
    [InlineData("label=team:a%00b", "label")]
    [InlineData("label=te%0Aam:search", "label")]
    [InlineData("model=%00", "model")]
    [InlineData("dataset=a%C2%85", "dataset")]
    [InlineData("la%00bel=a:b", "la·bel")]
    [InlineData("method=lots", "method")]
    [InlineData("dataset=%00", "dataset")]
    [InlineData("label=%00:a&label=team:search", "label")]
    [InlineData("status=%00", "status")]
    [InlineData("stauts=queued", "stauts")]
    public async Task A_bad_value_is_refused_at_its_name(string query, string path)
    {
        using var answer = await _service.GetAsync($"/jobs?{query}");
        Assert.Equal([path], (await answer.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid")).Paths());
    }

    [Theory]
    [InlineData("model=%ED%A0%BD")]
    [InlineData("model=%F0%9F%98%80")]
    [InlineData("label=team:%FF")]
    public async Task Text_that_is_no_utf8_or_no_plain_text_finds_nothing(string query) =>
        Assert.Equal(0, (await _service.JsonAsync($"/jobs?{query}")).GetProperty("items").GetArrayLength());

    [Fact]
    public void Half_of_a_character_is_refused_at_its_name()
    {
        var fields =
            new QueryFields(new QueryCollection(new Dictionary<string, StringValues> { ["model"] = "a\ud83d",
                ["label"] = new(["team:\udc00b", "team:😀"]), ["dataset"] = "😀" }));
        Assert.Equal((null, "😀"), (fields.Text("model"), fields.Text("dataset")));
        Assert.Equal(["team:😀"], fields.Texts("label"));
        Assert.Equal(["model", "label"], Assert.IsType<Refusal.Invalid>(fields.Refusal()).Faults.Select(fault => fault.Path));
    }

    [Fact]
    public async Task Faults_of_a_query_come_at_once()
    {
        using var answer = await _service.GetAsync("/jobs?limit=x&status=y&stauts=z");
        var problem = await answer.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(["status", "limit", "stauts"], problem.Paths());
        Assert.Contains("did you mean status?", problem.GetProperty("faults")[2].GetProperty("message").GetString());
    }
}
