using System.Net;
using LoraDrop.Storage;

namespace LoraDrop.Service.Tests;

public sealed class EventsApiFacts(SharedService shared) : IClassFixture<SharedService>
{
    private readonly TestService _service = shared.Service;

    [Fact]
    public async Task Events_come_in_order_with_their_numbers()
    {
        var id = await _service.SubmitAsync();
        var lease = await _service.TakeAsync(id);
        await lease.AddEventAsync(EventLevel.Info, EventType.Evaluated, "accuracy 0.5", """{"step":5,"scores":{"accuracy":0.5}}""",
            CancellationToken.None);
        var items = (await _service.JsonAsync($"/jobs/{id}/events")).GetProperty("items").EnumerateArray().ToArray();
        Assert.Equal(["submitted", "evaluated"], items.Select(e => e.GetProperty("type").GetString()));
        Assert.Equal(0.5, items[1].GetProperty("data").GetProperty("scores").GetProperty("accuracy").GetDouble());
        Assert.False(items[0].TryGetProperty("data", out _));
        Assert.Equal("info", items[1].GetProperty("level").GetString());
    }

    [Fact]
    public async Task A_figure_that_is_no_number_is_left_out()
    {
        var id = await _service.SubmitAsync();
        var lease = await _service.TakeAsync(id);
        await lease.AddEventAsync(EventLevel.Info, EventType.Evaluated, "matthews NaN",
            """{"step":5,"scores":{"accuracy":0.5,"matthews":"NaN"},"primary":"accuracy"}""", CancellationToken.None);
        var data = (await _service.JsonAsync($"/jobs/{id}/events")).GetProperty("items")[1].GetProperty("data");
        Assert.Equal("""{"step":5,"scores":{"accuracy":0.5},"primary":"accuracy"}""", data.GetRawText());
    }

    [Fact]
    public async Task Pages_follow_each_other_by_id()
    {
        var id = await WithEventsAsync(7);
        var (seen, address) = (new List<string>(), (string?)$"/jobs/{id}/events?limit=3");
        while (address is not null)
        {
            using var answer = await _service.GetAsync(address);
            var page = await answer.JsonAsync();
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(e => e.GetProperty("message").GetString()!));
            address = answer.Headers.TryGetValues("Link", out var links) ? links.Single()[1..links.Single().IndexOf('>')] : null;
            Assert.Equal(page.TryGetProperty("next", out _), address is not null);
        }
        Assert.Equal(["0", "1", "2", "3", "4", "5", "6"], seen.Skip(1));
    }

    [Theory]
    [InlineData("", 5)]
    [InlineData("level=info", 5)]
    [InlineData("level=warning", 2)]
    [InlineData("level=error", 1)]
    public async Task A_level_leaves_out_what_matters_less(string query, int count)
    {
        var id = await WithEventsAsync(4, EventLevel.Info, EventLevel.Error, EventLevel.Warning, EventLevel.Info);
        var items = (await _service.JsonAsync($"/jobs/{id}/events?{query}")).GetProperty("items");
        Assert.Equal(count, items.GetArrayLength());
    }

    [Theory]
    [InlineData("after=-1", "after")]
    [InlineData("after=99999999999999999999", "after")]
    [InlineData("level=debug", "level")]
    [InlineData("limit=501", "limit")]
    public async Task A_bad_value_is_refused_at_its_name(string query, string path)
    {
        using var answer = await _service.GetAsync($"/jobs/{await _service.SubmitAsync()}/events?{query}");
        Assert.Equal([path], (await answer.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid")).Paths());
    }

    [Theory]
    [InlineData("?after=x", null, "after")]
    [InlineData("", "x", "Last-Event-ID")]
    [InlineData("", "-1", "Last-Event-ID")]
    [InlineData("?level=info", null, "level")]
    public async Task A_stream_begins_at_the_id_of_an_event(string query, string? lastEventId, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/jobs/{await _service.SubmitAsync()}/events/stream{query}");
        if (lastEventId is not null) request.Headers.Add("Last-Event-ID", lastEventId);
        using var answer = await _service.Http.SendAsync(request);
        Assert.Equal([path], (await answer.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid")).Paths());
    }

    private async Task<Guid> WithEventsAsync(int count, params EventLevel[] levels)
    {
        var id = await _service.SubmitAsync();
        var lease = await _service.TakeAsync(id);
        for (var i = 0; i < count; i++)
            await lease.AddEventAsync(levels.Length > 0 ? levels[i] : EventLevel.Info, EventType.Log, $"{i}", null, CancellationToken.None);
        return id;
    }
}
