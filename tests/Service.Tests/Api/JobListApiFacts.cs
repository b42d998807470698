using System.Text.Json;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Service.Tests;

public sealed class JobListApiFacts : IAsyncLifetime
{
    private TestService _service = null!;

    public async ValueTask InitializeAsync()
    {
        _service = await TestService.StartAsync();
        await _service.AddInputsAsync();
    }

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task Pages_follow_each_other_without_a_gap_while_jobs_come_in()
    {
        var submitted = new List<Guid>();
        for (var i = 0; i < 7; i++) submitted.Add(await _service.SubmitAsync());
        var (seen, pages, address) = (new List<Guid>(), 0, (string?)"/jobs?limit=3");
        while (address is not null)
        {
            using var answer = await _service.GetAsync(address);
            var page = await answer.JsonAsync();
            seen.AddRange(Ids(page));
            pages++;
            await _service.SubmitAsync();   // newer than the cursor: belongs to no further page
            var link = answer.Headers.TryGetValues("Link", out var links) ? links.Single() : null;
            address = link?[1..link.IndexOf('>')];
            Assert.Equal(page.TryGetProperty("next", out _), address is not null);
        }
        Assert.Equal(3, pages);
        Assert.Equal(submitted.OrderDescending().ToList(), seen);
    }

    [Fact]
    public async Task Filters_are_combined_and_kept_by_the_link_to_the_next_page()
    {
        string Labelled(string team, string kind) =>
            Given.Minimal.Replace("{ \"model\"", $$"""{ "labels": { "team": "{{team}}", "kind é": "{{kind}}" }, "model" """.TrimEnd());
        var a = await _service.SubmitAsync(Labelled("search", "x&y"));
        var b = await _service.SubmitAsync(Labelled("search", "z"));
        var c = await _service.SubmitAsync(Labelled("ads", "x&y"));
        var d = await _service.SubmitAsync(Given.Lora);
        using (await _service.PostAsync($"/jobs/{c}/cancel")) { }

        Assert.Equal([b, a], await IdsAsync("/jobs?label=team:search"));
        Assert.Equal([c, a], await IdsAsync("/jobs?label=kind%20%C3%A9:x%26y"));
        Assert.Equal([a], await IdsAsync("/jobs?label=kind%20%C3%A9:x%26y&label=team:search"));
        Assert.Equal([d], await IdsAsync("/jobs?method=lora"));
        Assert.Equal([c], await IdsAsync("/jobs?status=cancelled"));
        Assert.Equal([d, c, b, a], await IdsAsync("/jobs?status=cancelled&status=queued"));
        Assert.Equal([d, c, b, a], await IdsAsync("/jobs?model=sample-model&dataset=acceptable"));
        Assert.Equal([d, c, b, a], await IdsAsync("/jobs?model=file:/models/sample"));
        Assert.Empty(await IdsAsync("/jobs?model=other"));
        var model = (await _service.JsonAsync($"/jobs/{a}")).GetProperty("model").GetProperty("id").GetString();
        Assert.Equal([d, c, b, a], await IdsAsync($"/jobs?model={model}"));

        using var answer = await _service.GetAsync("/jobs?label=team:search&limit=1");
        var link = answer.Headers.GetValues("Link").Single();
        Assert.EndsWith("; rel=\"next\"", link);
        Assert.Equal([a], await IdsAsync(link[1..link.IndexOf('>')]));
    }

    [Fact]
    public async Task An_item_has_what_a_list_shows()
    {
        var id = await _service.SubmitAsync(Given.Minimal.Replace("{ \"model\"",
            """{ "name": "first", "labels": { "team": "search" }, "model" """.TrimEnd()));
        await _service.MeasureAsync(id);
        await _service.FinishAsync(id);
        var item = (await _service.JsonAsync("/jobs")).GetProperty("items")[0];
        Assert.Equal("first", item.GetProperty("name").GetString());
        Assert.Equal("succeeded", item.GetProperty("status").GetString());
        Assert.Equal(0.9, item.GetProperty("score").GetDouble());
        Assert.Equal("sample-model", item.GetProperty("model").GetProperty("name").GetString());
        Assert.Equal("search", item.GetProperty("labels").GetProperty("team").GetString());
        Assert.Equal($"/jobs/{id}", item.GetProperty("href").GetString());
        Assert.False(item.TryGetProperty("settings", out _));
    }

    [Fact]
    public async Task A_list_reads_neither_settings_nor_results()
    {
        var sql = new ReadCommands();
        await using var service = await TestService.StartAsync(services =>
            services.ConfigureDbContext<SqliteJobsContext>(options => options.AddInterceptors(sql)));
        await service.AddInputsAsync();
        await service.JsonAsync("/jobs?label=team:search&model=sample-model");
        var command = Assert.Single(sql.All.Select(read => read.Text), text => text.Contains("FROM \"jobs\""));
        Assert.DoesNotContain("\"settings\"", command);
        Assert.DoesNotContain("\"result\"", command);
        Assert.DoesNotContain("\"facts\"", command);
    }

    private async Task<List<Guid>> IdsAsync(string address) => Ids(await _service.JsonAsync(address));

    private static List<Guid> Ids(JsonElement page) =>
        [.. page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetGuid())];
}
