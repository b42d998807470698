using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Api.Client;

/// <summary>Calls a service. A problem response and an unreachable service are exceptions.</summary>
/// <remarks>The calls are extensions: <see cref="JobCalls"/>, <see cref="DatasetCalls"/>, <see cref="ModelCalls"/>,
/// <see cref="WebhookCalls"/>.</remarks>
internal sealed class ServiceClient : IDisposable
{
    private static readonly TimeSpan ConnectTime = TimeSpan.FromSeconds(5), AnswerTime = TimeSpan.FromSeconds(100);

    private readonly HttpClient _http;

    /// <param name="address">Where the service is.</param>
    /// <param name="key">API key; null if none is needed. It comes from the environment: a command line can be read by everyone on the
    /// machine.</param>
    public ServiceClient(Uri address, string? key = null)
    {
        Address = address;
        // an upload and a stream may take hours
        _http = new(new SocketsHttpHandler { ConnectTimeout = ConnectTime }) { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
        if (key is not null) _http.DefaultRequestHeaders.Authorization = new("Bearer", key);
    }

    /// <param name="address">Where the service is.</param>
    /// <param name="connections">Connections that several clients share.</param>
    /// <param name="headers">Sets the headers of every request.</param>
    public ServiceClient(Uri address, HttpMessageHandler connections, Action<HttpRequestHeaders> headers)
    {
        Address = address;
        _http = new(connections, disposeHandler: false) { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
        headers(_http.DefaultRequestHeaders);
    }

    public Uri Address { get; }

    public Task<Reply<T>> GetAsync<T>(string path, CancellationToken cancel) => AskAsync<T>(new(HttpMethod.Get, path), AnswerTime, cancel);

    public Task<Reply<T>> PostAsync<T>(string path, CancellationToken cancel) =>
        AskAsync<T>(new(HttpMethod.Post, path), AnswerTime, cancel);

    /// <summary>Sends JSON unchanged; the service validates it.</summary>
    public Task<Reply<T>> PostAsync<T>(string path, string json, CancellationToken cancel) =>
        AskAsync<T>(new(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") }, AnswerTime,
            cancel);

    /// <summary>Uploads files, without a time limit.</summary>
    public Task<Reply<T>> PostAsync<T>(string path, HttpContent content, CancellationToken cancel) =>
        AskAsync<T>(new(HttpMethod.Post, path) { Content = content }, Timeout.InfiniteTimeSpan, cancel);

    /// <summary>Sends a change as JSON, unchanged.</summary>
    public Task<Reply<T>> PatchAsync<T>(string path, string json, CancellationToken cancel) =>
        AskAsync<T>(new(HttpMethod.Patch, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") }, AnswerTime,
            cancel);

    public async Task DeleteAsync(string path, CancellationToken cancel)
    {
        using var answer = await SendAsync(new(HttpMethod.Delete, path), AnswerTime, cancel);
    }

    /// <summary>Returns the response once its headers arrive; the body is not yet read.</summary>
    public Task<HttpResponseMessage> OpenAsync(HttpRequestMessage request, CancellationToken cancel) =>
        SendAsync(request, AnswerTime, cancel);

    /// <summary>Server-sent events, until the service ends them or the connection breaks.</summary>
    /// <exception cref="ServiceUnreachableException">The connection broke.</exception>
    public async IAsyncEnumerable<SseItem<string>> StreamAsync(HttpRequestMessage request,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        using var answer = await OpenAsync(request, cancel);
        await using var body = new AnswerStream(Address, await answer.Content.ReadAsStreamAsync(cancel));
        await foreach (var item in SseParser.Create(body).EnumerateAsync(cancel)) yield return item;
    }

    /// <summary>Lists all objects as JSON, following the cursors.</summary>
    /// <param name="path">Path with query.</param>
    /// <param name="parameter">Query parameter for the cursor.</param>
    /// <param name="cancel">Cancels it.</param>
    public async IAsyncEnumerable<Reply<T>> ListAsync<T>(string path, string parameter,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        for (string? next = ""; next is not null;)
        {
            var page = (await GetAsync<JsonElement>(next.Length == 0
                ? path
                : $"{path}{(path.Contains('?') ? '&' : '?')}{parameter}={Uri.EscapeDataString(next)}", cancel)).Value;
            foreach (var item in page.GetProperty("items").EnumerateArray())
                yield return new(item.Deserialize<T>(ApiJson.Options)!, item.GetRawText());
            next = page.TryGetProperty("next", out var cursor) ? cursor.ToString() : null;
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<Reply<T>> AskAsync<T>(HttpRequestMessage request, TimeSpan limit, CancellationToken cancel)
    {
        using var answer = await SendAsync(request, limit, cancel);
        var text = await TextOfAsync(answer, cancel);
        try
        {
            return new(JsonSerializer.Deserialize<T>(text, ApiJson.Options) ?? throw new JsonException("null"), text);
        }
        catch (JsonException)
        {
            throw NotUnderstood(answer);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, TimeSpan limit, CancellationToken cancel)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        either.CancelAfter(limit);
        HttpResponseMessage answer;
        try
        {
            answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
        }
        catch (HttpRequestException gone)
        {
            throw ServiceUnreachableException.At(Address, gone);
        }
        catch (OperationCanceledException slow) when (!cancel.IsCancellationRequested)
        {
            throw new ServiceUnreachableException(
                $"{ServiceAddress.Shown(Address)} took longer than {limit.TotalSeconds:0} seconds to answer", slow);
        }
        if (answer.IsSuccessStatusCode) return answer;
        using (answer) throw await ProblemAsync(answer, cancel);
    }

    private async Task<string> TextOfAsync(HttpResponseMessage answer, CancellationToken cancel)
    {
        try
        {
            return await answer.Content.ReadAsStringAsync(cancel);
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException)
        {
            throw new ServiceUnreachableException($"the answer of {ServiceAddress.Shown(Address)} broke", broken);
        }
    }

    private async Task<ServiceProblemException> ProblemAsync(HttpResponseMessage answer, CancellationToken cancel)
    {
        if (answer.Content.Headers.ContentType?.MediaType != "application/problem+json") return NotUnderstood(answer);
        try
        {
            var problem = JsonSerializer.Deserialize<Problem>(await TextOfAsync(answer, cancel), ApiJson.Options)!;
            var code = problem.Code ?? $"http_{(int)answer.StatusCode}";
            var detail =
                $"{problem.Detail ?? problem.Title ?? answer.ReasonPhrase}{(problem.TraceId is { } trace ? $" (traceId {trace})" : "")}";
            return new((int)answer.StatusCode, code, problem.Faults is { Count: > 0 } faults ? faults : [new(code, detail)]);
        }
        catch (JsonException)
        {
            return NotUnderstood(answer);
        }
    }

    private ServiceProblemException NotUnderstood(HttpResponseMessage answer) =>
        new((int)answer.StatusCode, ServiceProblemException.NotUnderstood,
        [new(ServiceAddress.Shown(Address),
        $"answered {(int)answer.StatusCode} {answer.ReasonPhrase} with {Kind(answer.Content.Headers)}; is it " + "a LoRA-drop service?")]);

    private static string Kind(HttpContentHeaders headers) => headers.ContentType?.MediaType ?? "nothing";

    /// <summary>Problem details (RFC 9457) with this service's additions.</summary>
    private sealed record Problem(string? Title, string? Detail, string? Code, string? TraceId, IReadOnlyList<Fault>? Faults);
}
