using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using LoraDrop.Api.Client;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;

namespace LoraDrop.Api.Web;

/// <summary>Lets pages call the service's own REST API over loopback, so that they are checked, limited and audited like any
/// client.</summary>
/// <remarks>A secret of this process marks such calls, which then count for the address of the person's browser.</remarks>
internal sealed class PageCallers(IServer server) : IDisposable
{
    private const string Header = "X-LoraDrop-Page";

    private readonly string _secret = Convert.ToHexString(RandomNumberGenerator.GetBytes(32));

    private readonly SocketsHttpHandler _handler =
        new() { UseProxy = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(5),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5) };

    private Uri? _address;

    /// <summary>A client with the person's key; null for a service that needs none.</summary>
    public ServiceClient Open(AuthenticationHeaderValue? key, IPAddress? from) =>
        new(_address ??= Address(), _handler, http =>
        {
            http.Authorization = key;
            http.Add(Header, $"{_secret} {from}");
        });

    /// <summary>Gives a call from a page the address of the browser.</summary>
    public void Restore(HttpContext http)
    {
        if (http.Request.Headers[Header] is not [{ } marked]) return;
        http.Request.Headers.Remove(Header);
        var space = marked.IndexOf(' ');
        if (space > 0 && marked[..space] == _secret && IPAddress.TryParse(marked[(space + 1)..], out var from))
        {
            http.Connection.RemoteIpAddress = from;
            http.Items[Header] = true;
        }
    }

    /// <summary>Whether a page made this request.</summary>
    public static bool Made(HttpContext http) => http.Items.ContainsKey(Header);

    public void Dispose() => _handler.Dispose();

    /// <summary>Where this process listens, as seen from itself.</summary>
    private Uri Address()
    {
        var listens = server.Features.Get<IServerAddressesFeature>()!.Addresses
            .OrderByDescending(url => url.StartsWith("http:", StringComparison.OrdinalIgnoreCase)).First();
        var url = new UriBuilder(listens.Replace("//+", "//0.0.0.0").Replace("//*", "//0.0.0.0"));
        if (url.Host is "0.0.0.0") url.Host = "127.0.0.1";
        if (url.Host is "[::]") url.Host = "[::1]";
        return url.Uri;
    }
}

/// <summary>The service as the person before a page may use it.</summary>
/// <remarks>What a page is rendered from on the server travels with it, so that its components start with the same and nothing
/// flashes.</remarks>
internal sealed class PageCalls(PageCallers callers, AuthenticationStateProvider who, IHttpContextAccessor http,
    PersistentComponentState state) : IDisposable
{
    /// <summary>The most characters of answers that travel with a page; what is beyond is read again.</summary>
    public const int MostKept = 1 << 18;

    private readonly List<PersistingComponentStateSubscription> _kept = [];

    /// <summary>Names of the answers that are kept: the layout and the page may ask for the same at the same time.</summary>
    private readonly HashSet<string> _names = [];

    /// <summary>The browser's address, known while the page is first rendered or its connection opened.</summary>
    private readonly IPAddress? _from = http.HttpContext?.Connection.RemoteIpAddress;

    private ServiceClient? _client;
    private CallerView? _caller;
    private int _length;

    public async Task<ServiceClient> ClientAsync()
    {
        if (_client is not null) return _client;
        var key = (await who.GetAuthenticationStateAsync()).User.FindFirst(PageSession.Claim)?.Value;
        return _client = callers.Open(key is null ? null : AuthenticationHeaderValue.Parse(key), _from);
    }

    /// <summary>The person's role, owner and limits.</summary>
    public async Task<CallerView> CallerAsync(CancellationToken cancel) =>
        _caller ??= await KeepAsync("me", async service => await service.GetAsync<CallerView>("me", cancel));

    /// <summary>Makes a call while a page is rendered on the server, and takes its answer over when the page comes alive.</summary>
    /// <param name="name">The answer's name.</param>
    /// <param name="call">The call.</param>
    /// <param name="alive">Whether the page is alive already: then the answer is not kept for later.</param>
    public async Task<T> KeepAsync<T>(string name, Func<ServiceClient, Task<Reply<T>>> call, bool alive = false)
    {
        if (state.TryTakeFromJson<string>(name, out var kept) && kept is not null)
            return JsonSerializer.Deserialize<T>(kept, ApiJson.Options)!;
        var reply = await call(await ClientAsync());
        if (alive || _length + reply.Json.Length > MostKept || !_names.Add(name)) return reply.Value;
        _length += reply.Json.Length;
        _kept.Add(state.RegisterOnPersisting(() =>
        {
            state.PersistAsJson(name, reply.Json);
            return Task.CompletedTask;
        }));
        return reply.Value;
    }

    public void Dispose()
    {
        foreach (var subscription in _kept) subscription.Dispose();
        _client?.Dispose();
    }
}
