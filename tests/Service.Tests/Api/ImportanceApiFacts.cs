using System.Net;
using System.Text.Json;

namespace LoraDrop.Service.Tests;

public sealed class ImportanceApiFacts(SharedService shared) : IClassFixture<SharedService>
{
    private readonly TestService _service = shared.Service;

    [Fact]
    public async Task It_tells_what_each_layer_contributes_and_got()
    {
        var report = await _service.JsonAsync($"/jobs/{await MeasuredAsync()}/importance");
        Assert.False(report.GetProperty("whatIf").GetBoolean());
        Assert.Equal("per-type", report.GetProperty("scope").GetString());
        Assert.Equal(0.9, report.GetProperty("threshold").GetDouble());
        Assert.Equal((2, 10), (report.GetProperty("examples").GetInt32(), report.GetProperty("tokens").GetInt32()));

        var query = Module(report, "query");
        var layers = query.GetProperty("layers").EnumerateArray().ToArray();
        Assert.Equal([4.0, 1, 2, 3], layers.Select(l => l.GetProperty("g").GetDouble()));
        Assert.Equal([0.4, 0.1, 0.2, 0.3], layers.Select(l => l.GetProperty("importance").GetDouble()));
        Assert.Equal([1, 4, 3, 2], layers.Select(l => l.GetProperty("rank").GetInt32()));
        Assert.Equal([0.4, 1.0, 0.9, 0.7], layers.Select(l => Math.Round(l.GetProperty("cumulative").GetDouble(), 9)));
        Assert.Equal(2, layers[0].GetProperty("norms").GetProperty("counts").EnumerateArray().Sum(c => c.GetInt32()));
        Assert.Equal(0.4, layers[0].GetProperty("perToken").GetDouble());
    }

    [Fact]
    public async Task A_single_layer_under_the_cut_keeps_its_own_and_the_remark_says_so()
    {
        var id = await MeasuredAsync();
        var query = Module(await _service.JsonAsync($"/jobs/{id}/importance"), "query");
        Assert.Equal("[0,1,2,3]", query.GetProperty("kept").GetRawText());
        var remarks = (await _service.JsonAsync($"/jobs/{id}/importance?threshold=0.9")).GetProperty("remarks");
        Assert.Contains("only query layer", remarks[0].GetString());
    }

    [Fact]
    public async Task Parameters_are_counted_against_ordinary_LoRA()
    {
        var id = await MeasuredAsync();
        var whatIf = await _service.JsonAsync($"/jobs/{id}/importance?threshold=0.7");
        Assert.True(whatIf.GetProperty("whatIf").GetBoolean());
        Assert.Equal("[0,3]", Module(whatIf, "query").GetProperty("kept").GetRawText());
        Assert.Equal("shared", Module(whatIf, "query").GetProperty("layers")[1].GetProperty("place").GetString());
        // A LoRA of rank 8 on 64 → 64 has 1024 numbers. Kept: 2 of query and, as I is 4 × 0.25, 3 of value, whose last layer keeps its own
        // too.
        var parameters = whatIf.GetProperty("parameters");
        Assert.Equal(6 * 1024, parameters.GetProperty("withoutShared").GetInt64());
        Assert.Equal(7 * 1024, parameters.GetProperty("adapter").GetInt64());
        Assert.Equal(7 * 1024 + 100, parameters.GetProperty("adapterAndHead").GetInt64());
        Assert.Equal(8 * 1024, parameters.GetProperty("lora").GetInt64());
        Assert.Equal(0.875, parameters.GetProperty("shareOfLora").GetDouble());
    }

    [Theory]
    [InlineData("keep=1", "[0]", "shared")]
    [InlineData("keep=1&remainder=none", "[0]", "none")]
    [InlineData("keep=2&select=inverse", "[1,2]", "own")]
    [InlineData("keep=1&select=top", "[3]", "shared")]
    [InlineData("keep=2147483647", "[0,1,2,3]", "own")]
    [InlineData("threshold=1", "[0,1,2,3]", "own")]
    [InlineData("threshold=1e-9", "[0]", "shared")]
    public async Task What_if_cuts_again_without_measuring(string query, string kept, string placeOfTheLeast)
    {
        var id = await MeasuredAsync();
        var before = (await _service.JobAsync(id)).Version;
        var module = Module(await _service.JsonAsync($"/jobs/{id}/importance?{query}"), "query");
        Assert.Equal(kept, module.GetProperty("kept").GetRawText());
        Assert.Equal(placeOfTheLeast, module.GetProperty("layers")[1].GetProperty("place").GetString());
        Assert.Equal(before, (await _service.JobAsync(id)).Version);
    }

    [Fact]
    public async Task What_if_cuts_by_rank_and_counts_the_parameters_of_those_that_are_kept()
    {
        var id = await MeasuredAsync();
        var whatIf = await _service.JsonAsync($"/jobs/{id}/importance?granularity=rank&threshold=0.7");
        Assert.Equal("rank", whatIf.GetProperty("granularity").GetString());
        var layers = Module(whatIf, "query").GetProperty("layers").EnumerateArray().ToArray();
        // 3, 2.25, 1.5 and 1 reach 7 of query's 10; layer 1 is then the only one with none, and keeps both of its own
        Assert.Equal([2, 2, 1, 1], layers.Select(layer => layer.TryGetProperty("loraRank", out var rank) ? rank.GetInt32() : 0).ToArray());
        Assert.Equal([3, 1], layers[0].GetProperty("energies").EnumerateArray().Select(energy => energy.GetDouble()));
        Assert.False((await _service.JsonAsync($"/jobs/{id}/importance")).GetRawText().Contains("loraRank"), "the job cuts by layer");
    }

    [Fact]
    public async Task What_if_keeps_as_many_layers_as_importance_is_spread_over()
    {
        var whatIf = await _service.JsonAsync($"/jobs/{await MeasuredAsync()}/importance?threshold=auto");
        Assert.Equal("auto", whatIf.GetProperty("threshold").GetString());
        Assert.Equal("[0,1,2,3]", Module(whatIf, "query").GetProperty("kept").GetRawText()); // 1/0.30 = 3.3 of 4
    }

    [Theory]
    [InlineData("granularity=rank&keep=2", "keep")]
    [InlineData("granularity=rank&select=top", "select")]
    public async Task A_cut_by_rank_that_makes_no_sense_is_refused(string query, string path)
    {
        using var answer = await _service.GetAsync($"/jobs/{await MeasuredAsync()}/importance?{query}");
        Assert.Equal([path], (await answer.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid")).Paths());
    }

    [Theory]
    [InlineData("threshold=most", "threshold")]
    [InlineData("granularity=column", "granularity")]
    [InlineData("threshold=0", "threshold")]
    [InlineData("threshold=1.0001", "threshold")]
    [InlineData("threshold=NaN", "threshold")]
    [InlineData("threshold=", "threshold")]
    [InlineData("keep=0", "keep")]
    [InlineData("keep=2.5", "keep")]
    [InlineData("threshold=0.5&keep=2", "keep")]
    [InlineData("select=best", "select")]
    [InlineData("remainder=drop", "remainder")]
    [InlineData("treshold=0.5", "treshold")]
    public async Task A_cut_that_makes_no_sense_is_refused(string query, string path)
    {
        using var answer = await _service.GetAsync($"/jobs/{await _service.SubmitAsync()}/importance?{query}");
        Assert.Equal([path], (await answer.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid")).Paths());
    }

    [Fact]
    public async Task Before_it_is_measured_the_answer_says_when_to_ask_again()
    {
        using var answer = await _service.GetAsync($"/jobs/{await _service.SubmitAsync()}/importance");
        await answer.ProblemAsync(HttpStatusCode.Conflict, "importance_not_ready");
        Assert.NotNull(answer.Headers.RetryAfter);
    }

    [Fact]
    public async Task A_method_that_measures_none_has_none()
    {
        using var answer = await _service.GetAsync($"/jobs/{await _service.SubmitAsync(Given.Lora)}/importance");
        var problem = await answer.ProblemAsync(HttpStatusCode.NotFound, "importance_not_found");
        Assert.Contains("lora-drop", problem.GetProperty("detail").GetString());
    }

    private async Task<Guid> MeasuredAsync()
    {
        var id = await _service.SubmitAsync();
        await _service.MeasureAsync(id);
        return id;
    }

    private static JsonElement Module(JsonElement report, string type) =>
        report.GetProperty("modules").EnumerateArray().Single(m => m.GetProperty("type").GetString() == type);
}
