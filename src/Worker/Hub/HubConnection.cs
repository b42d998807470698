using System.Net;
using System.Net.Http.Headers;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>Sends requests to the hub, follows its redirects, and distinguishes transient failures.</summary>
/// <remarks>
/// Redirects are followed here, because HttpClient drops the token on each of them: a gated file is behind a redirect on the hub's own
/// host, which needs the token, and a large file behind one to another host, which must not see it. The operator chose the hub's address,
/// which may be on a private network. A redirect's target may be chosen by the repository's owner, so it must pass the guard.
/// </remarks>
internal sealed class HubConnection(HubOptions options, OutgoingGuard guard, TimeProvider time) : IDisposable
{
    private const int MostRedirects = 10;

    private readonly Uri _endpoint = new(options.Endpoint);
    // IdleTimeout replaces the timeout: large files may take long.
    private readonly HttpClient _hub = new(new SocketsHttpHandler { AllowAutoRedirect = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5) }) { Timeout = Timeout.InfiniteTimeSpan };
    private readonly HttpClient _elsewhere =
        // RequireSecure decides where http is allowed
        new(guard.Handler(allowHttp: true, HttpClient.DefaultProxy)) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Sends a GET; returns a success or a refusal with an unread body.</summary>
    /// <param name="address">An address on the hub, or one it redirects to.</param>
    /// <param name="range">The offset to resume from.</param>
    /// <param name="etag">The ETag to resume; if it changed, the whole file is returned.</param>
    /// <param name="cancel">Cancels the request.</param>
    /// <exception cref="TransientFault">No response, or one that says that the hub is busy or broken.</exception>
    public async Task<HttpResponseMessage> GetAsync(Uri address, long range, EntityTagHeaderValue? etag, CancellationToken cancel)
    {
        for (var redirects = 0; redirects <= MostRedirects; redirects++)
        {
            using var request = Request(address, range, etag);
            var response = await SendAsync(request, cancel);
            if (Target(response, address) is not { } target) return ThrowIfTransient(response, address);
            response.Dispose();
            address = RequireSecure(target, address);
        }
        throw new HubUnreachableException(options.Endpoint, $"it redirects more than {MostRedirects} times");
    }

    public Task<HttpResponseMessage> GetAsync(Uri address, CancellationToken cancel) => GetAsync(address, range: 0, etag: null, cancel);

    /// <summary>Reads from a body, with an idle timeout.</summary>
    /// <exception cref="TransientFault">The connection broke, or no data arrived within the idle timeout.</exception>
    public Task<int> ReadAsync(Stream body, Memory<byte> buffer, CancellationToken cancel) =>
        WithIdleTimeoutAsync(idle => body.ReadAsync(buffer, idle).AsTask(), cancel);

    public void Dispose()
    {
        _hub.Dispose();
        _elsewhere.Dispose();
    }

    private Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancel) =>
        WithIdleTimeoutAsync(idle => (IsHub(request.RequestUri!) ? _hub : _elsewhere).SendAsync(request,
            HttpCompletionOption.ResponseHeadersRead, idle), cancel);

    private HttpRequestMessage Request(Uri address, long range, EntityTagHeaderValue? etag)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("loradrop",
            typeof(HubConnection).Assembly.GetName().Version?.ToString(3)));
        if (!string.IsNullOrWhiteSpace(options.Token) && IsHub(address))
            request.Headers.Authorization = new("Bearer", options.Token.Trim());
        if (range > 0) request.Headers.Range = new RangeHeaderValue(range, null);
        if (range > 0 && etag is { IsWeak: false }) request.Headers.IfRange = new RangeConditionHeaderValue(etag);
        return request;
    }

    private bool IsHub(Uri address) =>
        Uri.Compare(address, _endpoint, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0;

    private static Uri? Target(HttpResponseMessage response, Uri address)
    {
        var redirects = response.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
            or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;
        return redirects && response.Headers.Location is { } location ? new Uri(address, location) : null;
    }

    private Uri RequireSecure(Uri target, Uri address)
    {
        var safe = target.Scheme == Uri.UriSchemeHttps || (target.Scheme == Uri.UriSchemeHttp && address.Scheme == Uri.UriSchemeHttp);
        return safe ? target : throw new HubUnreachableException(options.Endpoint,
            $"it redirects from {address.Scheme} to {target.Scheme}, which is less secure");
    }

    private HttpResponseMessage ThrowIfTransient(HttpResponseMessage response, Uri address)
    {
        var status = (int)response.StatusCode;
        // Redirect targets are signed for a short time: if one refuses, the hub can provide a new one.
        var passes = status is 408 or 429 or >= 500
            || (status >= 400 && response.StatusCode != HttpStatusCode.RequestedRangeNotSatisfiable && !IsHub(address));
        if (!passes) return response;
        using (response)
            throw new TransientFault(status == 429
                ? "too many requests (429)"
                : $"{address.Host} responded with {status} {response.ReasonPhrase}") { RetryAfter = RetryAfter(response) };
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - time.GetUtcNow(),
        _ => null,
    };

    private async Task<T> WithIdleTimeoutAsync<T>(Func<CancellationToken, Task<T>> act, CancellationToken cancel)
    {
        using var silence = new CancellationTokenSource(options.IdleTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, silence.Token);
        try
        {
            return await act(either.Token);
        }
        catch (OperationCanceledException idle) when (!cancel.IsCancellationRequested)
        {
            throw new TransientFault($"no data received for {options.IdleTimeout.TotalSeconds:0.###} s", idle);
        }
        catch (Exception failed) when (OutgoingGuard.RefusalIn(failed) is { } refused)
        {
            throw new HubUnreachableException(options.Endpoint, $"it redirects to {refused.Message}", failed);
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException)   // of the network; files are written elsewhere
        {
            throw new TransientFault(broken.Message.TrimEnd('.'), broken);
        }
    }
}
