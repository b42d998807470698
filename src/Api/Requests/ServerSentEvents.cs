using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LoraDrop.Api;

/// <summary>Writes a response of server-sent events.</summary>
/// <remarks>
/// Not built on <c>TypedResults.ServerSentEvents</c>, which cannot write the comments that keep an idle connection open.
/// Every message is one line of JSON, so a <c>data:</c> field never needs a second line.
/// </remarks>
internal sealed class ServerSentEvents
{
    public const string ContentType = "text/event-stream";

    private readonly HttpResponse _response;
    private readonly ApiOptions _options;
    private readonly TimeProvider _clock;
    private long _wroteAt;

    private ServerSentEvents(HttpResponse response, ApiOptions options, TimeProvider clock) =>
        (_response, _options, _clock) = (response, options, clock);

    /// <summary>Begins the response with a comment, so that clients know at once that they are heard.</summary>
    public static async Task<ServerSentEvents> BeginAsync(HttpContext http, ApiOptions options, TimeProvider clock,
        CancellationToken cancel)
    {
        http.Response.ContentType = ContentType;
        http.Response.Headers.CacheControl = "no-cache, no-store";
        http.Response.Headers["X-Accel-Buffering"] = "no";   // otherwise nginx buffers the stream
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        var events = new ServerSentEvents(http.Response, options, clock);
        await events.WriteAsync(": loradrop\n\n", cancel);
        return events;
    }

    public Task SendAsync<T>(string type, T data, CancellationToken cancel, long? id = null) => WriteAsync(
        $"{(id is null ? "" : $"id: {id}\n")}event: {type}\ndata: {JsonSerializer.Serialize(data, ApiJson.Options)}\n\n", cancel);

    /// <summary>Writes a comment if nothing was written for <see cref="ApiOptions.HeartbeatEvery"/>.</summary>
    public Task KeepAliveAsync(CancellationToken cancel) =>
        _clock.GetElapsedTime(_wroteAt) >= _options.HeartbeatEvery ? WriteAsync(": keep-alive\n\n", cancel) : Task.CompletedTask;

    private async Task WriteAsync(string message, CancellationToken cancel)
    {
        await _response.WriteAsync(message, Encoding.UTF8, cancel);
        await _response.Body.FlushAsync(cancel);
        _wroteAt = _clock.GetTimestamp();
    }
}
