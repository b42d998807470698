using System.Net;
using System.Net.Http.Headers;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>One request to the hub and to where it redirects, told apart by what may be done about a failure.</summary>
/// <remarks>
/// Redirects are followed here, because HttpClient drops the token on each of them: a gated file lies behind one on the hub's own host,
/// where the token is needed, and a large one behind one to another host, which must not see it. Where the hub is, the operator chose: it may be on a private
/// network. Where it points to, whoever owns the repository may have chosen: that is asked through the guard.
/// </remarks>
internal sealed class HubConnection(HubOptions options, OutgoingGuard guard, TimeProvider time) : IDisposable
{
    private const int MostRedirects = 10;

    private readonly Uri _endpoint = new(options.Endpoint);
    // IdleTimeout stands in for a time-out: a large file takes as long as it takes.
    private readonly HttpClient _hub = new(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) }) { Timeout = Timeout.InfiniteTimeSpan };
    private readonly HttpClient _elsewhere = new(guard.Handler(allowHttp: true, HttpClient.DefaultProxy)) { Timeout = Timeout.InfiniteTimeSpan }; // NoLessSafe says where http will do

    /// <summary>The answer to a GET, its body still to be read; a success or a refusal.</summary>
    /// <param name="address">On the hub, or where the hub points to.</param>
    /// <param name="range">Where to begin, for the rest of a file.</param>
    /// <param name="etag">The content of which the rest is wanted; with another the whole comes.</param>
    /// <param name="cancel">Ends the request.</param>
    /// <exception cref="PassingFault">No answer, or one that says that the hub is busy or broken.</exception>
    public async Task<HttpResponseMessage> GetAsync(Uri address, long range, EntityTagHeaderValue? etag, CancellationToken cancel)
    {
        for (var redirects = 0; redirects <= MostRedirects; redirects++)
        {
            using var request = Request(address, range, etag);
            var response = await SendAsync(request, cancel);
            if (Target(response, address) is not { } target) return Usable(response, address);
            response.Dispose();
            address = NoLessSafe(target, address);
        }
        throw new HubUnreachableException(options.Endpoint, $"it redirects more than {MostRedirects} times");
    }

    public Task<HttpResponseMessage> GetAsync(Uri address, CancellationToken cancel) => GetAsync(address, range: 0, etag: null, cancel);

    /// <summary>Reads from a body as long as something comes.</summary>
    /// <exception cref="PassingFault">The connection broke, or nothing came for the time that the options allow.</exception>
    public Task<int> ReadAsync(Stream body, Memory<byte> buffer, CancellationToken cancel) =>
        UnlessIdleAsync(idle => body.ReadAsync(buffer, idle).AsTask(), cancel);

    public void Dispose()
    {
        _hub.Dispose();
        _elsewhere.Dispose();
    }

    private Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancel) =>
        UnlessIdleAsync(idle => (IsHub(request.RequestUri!) ? _hub : _elsewhere).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, idle), cancel);

    private HttpRequestMessage Request(Uri address, long range, EntityTagHeaderValue? etag)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("loradrop", typeof(HubConnection).Assembly.GetName().Version?.ToString(3)));
        if (!string.IsNullOrWhiteSpace(options.Token) && IsHub(address)) request.Headers.Authorization = new("Bearer", options.Token.Trim());
        if (range > 0) request.Headers.Range = new RangeHeaderValue(range, null);
        if (range > 0 && etag is { IsWeak: false }) request.Headers.IfRange = new RangeConditionHeaderValue(etag);
        return request;
    }

    private bool IsHub(Uri address) => Uri.Compare(address, _endpoint, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0;

    private static Uri? Target(HttpResponseMessage response, Uri address)
    {
        var redirects = response.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
            or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;
        return redirects && response.Headers.Location is { } location ? new Uri(address, location) : null;
    }

    private Uri NoLessSafe(Uri target, Uri address)
    {
        var safe = target.Scheme == Uri.UriSchemeHttps || (target.Scheme == Uri.UriSchemeHttp && address.Scheme == Uri.UriSchemeHttp);
        return safe ? target : throw new HubUnreachableException(options.Endpoint, $"it redirects from {address.Scheme} to {target.Scheme}, which is less safe");
    }

    private HttpResponseMessage Usable(HttpResponseMessage response, Uri address)
    {
        var status = (int)response.StatusCode;
        // What a redirect led to is signed for a short time: when it refuses, asking the hub for a new one helps.
        var passes = status is 408 or 429 or >= 500 || (status >= 400 && response.StatusCode != HttpStatusCode.RequestedRangeNotSatisfiable && !IsHub(address));
        if (!passes) return response;
        using (response)
            throw new PassingFault(status == 429 ? "it asks for fewer requests (429)" : $"{address.Host} answers with {status} {response.ReasonPhrase}") { RetryAfter = RetryAfter(response) };
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - time.GetUtcNow(),
        _ => null,
    };

    private async Task<T> UnlessIdleAsync<T>(Func<CancellationToken, Task<T>> act, CancellationToken cancel)
    {
        using var silence = new CancellationTokenSource(options.IdleTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, silence.Token);
        try
        {
            return await act(either.Token);
        }
        catch (OperationCanceledException idle) when (!cancel.IsCancellationRequested)
        {
            throw new PassingFault($"nothing came for {options.IdleTimeout.TotalSeconds:0.###} s", idle);
        }
        catch (Exception failed) when (OutgoingGuard.RefusalIn(failed) is { } refused)
        {
            throw new HubUnreachableException(options.Endpoint, $"it redirects to {refused.Message}", failed);
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException)   // of the network: files are written elsewhere
        {
            throw new PassingFault(broken.Message.TrimEnd('.'), broken);
        }
    }
}
