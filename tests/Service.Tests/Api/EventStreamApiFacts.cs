using System.Diagnostics;
using System.Net;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Service.Tests;

public sealed class EventStreamApiFacts : IAsyncLifetime
{
    private TestService _service = null!;

    public async ValueTask InitializeAsync()
    {
        _service = await TestService.StartAsync(services =>
            services.AddSingleton(TestService.ApiDefaults with { HeartbeatEvery = TimeSpan.FromMilliseconds(200) }));
        await _service.AddInputsAsync();
    }

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task A_stream_tells_everything_from_the_first_event_to_the_end()
    {
        var id = await _service.SubmitAsync();
        var reading = ReadAsync($"/jobs/{id}/events/stream");
        await _service.MeasureAsync(id);
        await _service.FinishAsync(id);
        var messages = await reading.WaitAsync(TimeSpan.FromMinutes(5));

        Assert.Equal(["submitted", "stage-succeeded", "stage-succeeded", "succeeded"],
            messages.Where(m => m.EventId is not null).Select(m => m.EventType));
        Assert.Equal("end", messages[^1].EventType);
        Assert.Equal("succeeded", Data(messages[^1]).GetProperty("status").GetString());
        var last = messages.Last(m => m.EventType == "progress");
        Assert.Equal(1, Data(last).GetProperty("progress").GetDouble());
        Assert.Null(last.EventId);
    }

    [Fact]
    public async Task An_event_in_a_stream_is_that_of_the_list()
    {
        var id = await EndedAsync();
        var listed = (await _service.JsonAsync($"/jobs/{id}/events")).GetProperty("items").EnumerateArray().Select(e => e.GetRawText());
        var streamed = (await ReadAsync($"/jobs/{id}/events/stream")).Where(m => m.EventId is not null).ToList();
        Assert.Equal(listed, streamed.Select(m => m.Data));
        Assert.All(streamed, m => Assert.Equal(m.EventId, Data(m).GetProperty("id").GetRawText()));
    }

    [Fact]
    public async Task A_client_that_comes_back_sees_only_what_it_missed()
    {
        var id = await EndedAsync();
        var ids = (await _service.JsonAsync($"/jobs/{id}/events")).GetProperty("items").EnumerateArray()
            .Select(e => e.GetProperty("id").GetInt64()).ToArray();
        var byAddress = await ReadAsync($"/jobs/{id}/events/stream?after={ids[0]}");
        Assert.Equal(ids[1..].Select(i => i.ToString()), byAddress.Where(m => m.EventId is not null).Select(m => m.EventId));
        var byHeader = await ReadAsync($"/jobs/{id}/events/stream?after=0", lastEventId: ids[^1].ToString());
        Assert.DoesNotContain(byHeader, m => m.EventId is not null);
        Assert.Equal("end", byHeader[^1].EventType);
    }

    [Fact]
    public async Task Progress_comes_at_most_once_a_second()
    {
        var id = await _service.SubmitAsync();
        var lease = await _service.TakeAsync(id);
        var started = Stopwatch.GetTimestamp();
        var reading = ReadAsync($"/jobs/{id}/events/stream");
        for (var step = 1; step <= 15; step++)
        {
            await lease.RenewAsync(set => set.SetProperty(s => s.Step, step).SetProperty(s => s.Steps, 15).SetProperty(s => s.Loss, 0.5),
                [], CancellationToken.None);
            await Task.Delay(80);
        }
        await lease.FailAsync(new Failure(FailureCode.Diverged, "The loss is no number."), CancellationToken.None);
        var messages = await reading.WaitAsync(TimeSpan.FromMinutes(5));
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var progress = messages.Where(m => m.EventType == "progress").ToList();
        Assert.InRange(progress.Count, 2, (int)seconds + 2);   // one at first, one at the end
        Assert.Equal("""{"stage":"importance-evaluation","status":"failed","progress":0.1,"step":15,"steps":15,"loss":0.5}""",
            progress[^1].Data);
    }

    [Fact]
    public async Task A_silent_stream_shows_that_it_is_alive()
    {
        var id = await _service.SubmitAsync();
        using var answer = await OpenAsync($"/jobs/{id}/events/stream");
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.MediaType);
        Assert.True(answer.Headers.CacheControl!.NoStore);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        var comments = 0;
        while (comments < 3) if ((await reader.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(5)))!.StartsWith(": keep-alive")) comments++;
    }

    [Fact]
    public async Task A_service_that_stops_lets_go_of_its_streams_at_once()
    {
        var id = await _service.SubmitAsync();
        var reading = ReadAsync($"/jobs/{id}/events/stream");
        await Task.Delay(200);
        _service.BeginStop();
        var messages = await reading.WaitAsync(TimeSpan.FromMinutes(5));
        Assert.DoesNotContain(messages, m => m.EventType == "end");   // the job goes on: come back
        Assert.Empty(_service.Errors);
    }

    [Fact]
    public async Task A_client_that_leaves_is_no_error()
    {
        var id = await _service.SubmitAsync();
        using (await OpenAsync($"/jobs/{id}/events/stream")) await Task.Delay(100);
        await Task.Delay(300);
        Assert.Empty(_service.Errors);
    }

    [Fact]
    public async Task A_stream_of_a_job_that_is_deleted_ends()
    {
        var id = await _service.SubmitAsync();
        var reading = ReadAsync($"/jobs/{id}/events/stream");
        await Task.Delay(200);
        await _service.PostAsync($"/jobs/{id}/cancel");
        await _service.Http.DeleteAsync($"/jobs/{id}");
        await reading.WaitAsync(TimeSpan.FromMinutes(5));
    }

    private async Task<Guid> EndedAsync()
    {
        var id = await _service.SubmitAsync(Given.Lora);
        await _service.FinishAsync(id);
        return id;
    }

    private async Task<HttpResponseMessage> OpenAsync(string address, string? lastEventId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        if (lastEventId is not null) request.Headers.Add("Last-Event-ID", lastEventId);
        return await _service.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private async Task<List<SseItem<string>>> ReadAsync(string address, string? lastEventId = null)
    {
        using var answer = await OpenAsync(address, lastEventId);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var messages = new List<SseItem<string>>();
        await foreach (var message in SseParser.Create(await answer.Content.ReadAsStreamAsync(), (_, data) => Encoding.UTF8.GetString(data))
            .EnumerateAsync())
            messages.Add(message);
        return messages;
    }

    private static JsonElement Data(SseItem<string> message) => JsonSerializer.Deserialize<JsonElement>(message.Data);
}
