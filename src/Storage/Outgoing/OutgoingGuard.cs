using System.Net;
using System.Net.Sockets;
using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>Resolves a host's addresses, as the system does.</summary>
public delegate Task<IPAddress[]> NameLookup(string host, CancellationToken cancel);

/// <summary>Guards outgoing connections to untrusted addresses: checks the address itself, the addresses its name resolves to, and the
/// connection.</summary>
/// <remarks>
/// A name is resolved once per connection. Every resolved address must be allowed, and the connection goes to one of them, not to the name,
/// so a different answer a moment later (DNS rebinding) has no effect. Redirects are not followed, cookies are not kept, and no proxy is
/// used unless one is set.
/// </remarks>
public sealed class OutgoingGuard(OutgoingOptions options, NameLookup lookup)
{
    private const int LongestAddress = 2048, LongestHeadersInKiB = 16;

    /// <summary>Host names of clouds' metadata services, whatever they resolve to.</summary>
    private static readonly HashSet<string> Metadata = ["metadata", "metadata.google.internal", "metadata.goog", "instance-data",
        "instance-data.ec2.internal", "metadata.azure.internal", "metadata.oraclecloud.com", "metadata.tencentyun.com"];

    /// <summary>Ports of services that could mistake a request for their own protocol, as blocked by browsers (Fetch standard, "port
    /// blocking").</summary>
    private static readonly HashSet<int> OtherServices =
    [
        1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115,
        117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526,
        530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061,
        6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080, 11211,
    ];

    private static readonly TimeSpan LookTime = TimeSpan.FromSeconds(5), ConnectTime = TimeSpan.FromSeconds(10),
        OneConnectTime = TimeSpan.FromSeconds(3), ConnectionLife = TimeSpan.FromMinutes(1);

    /// <summary>Parses a webhook's address: returns it with its host in punycode, or null with a fault.</summary>
    /// <param name="written">Such as <c>https://hooks.example.com/loradrop</c>.</param>
    /// <param name="path">The field in the request.</param>
    /// <param name="faults">The list to add faults to.</param>
    public Uri? Read(string written, string path, List<Fault> faults)
    {
        if (Fault(written, out var address) is { } fault) faults.Add(new(path, fault));
        return address;
    }

    /// <summary>Resolves a name and checks the result, so that a bad address is refused when it is given; a name that does not resolve yet
    /// is accepted.</summary>
    /// <returns>Why it is refused; null if it is allowed.</returns>
    public async Task<string?> LookAsync(Uri address, CancellationToken cancel)
    {
        if (options.Proxy is not null || !IsName(address)) return null; // an IP address was checked already
        try
        {
            return Refusal(address.IdnHost, await lookup(address.IdnHost, cancel).WaitAsync(LookTime, cancel));
        }
        catch (Exception unknown) when (unknown is SocketException or ArgumentException or TimeoutException)
        {
            return null;
        }
    }

    /// <summary>Why an address is refused, judged by itself; null if it is allowed.</summary>
    /// <param name="address">An absolute address.</param>
    /// <param name="allowHttp">Whether http is allowed.</param>
    public string? Refusal(Uri address, bool allowHttp)
    {
        if (address.Scheme != Uri.UriSchemeHttps && !(allowHttp && address.Scheme == Uri.UriSchemeHttp))
            return $"must begin with {(allowHttp ? "https:// or http://" : "https://")}; got {Begun(address.Scheme)}:";
        if (HostOf(address) is not { } host) return "names a host that cannot be one";
        if (address.UserInfo.Length > 0) return "must not hold a user's name or a password";
        if (OtherServices.Contains(address.Port) || address.Port == 0)
            return $"names port {address.Port}, which belongs to another kind of service";
        if (host.EndsWith('.')) return "must not end its host in a dot";
        if (Metadata.Contains(host)) return $"names {host}, the metadata of a cloud, which is never connected to";
        if (!IPAddress.TryParse(host, out var literal) && (!HostPattern.IsOne(host) || host.StartsWith('*')))
            return "names a host that cannot be one";
        if (literal is not null
            && (Judge(host, literal) ?? (AddressRanges.IsDisguise(literal)
            ? "is an address of IPv4 in the clothes of IPv6; write it plainly"
            : null)) is { } refusal)
            return refusal;
        if (!options.MayAddress(host) && !(literal is not null && options.IsPrivateNetwork(literal)))
            return $"names a host that this service may not address: its setting Outgoing:AllowedHosts does not list {Begun(host)}";
        return null;
    }

    /// <summary>Creates the handler for all connections that untrusted input can cause.</summary>
    /// <param name="allowHttp">Whether http is allowed; null for the setting.</param>
    /// <param name="proxy">The proxy of the machine's environment, if it is to be used; a proxy in the settings takes precedence.</param>
    public HttpMessageHandler Handler(bool? allowHttp = null, IWebProxy? proxy = null)
    {
        proxy = options.Proxy is { } set ? ProxyAt(new(set)) : proxy;
        return new Checked(this, allowHttp ?? options.AllowHttp)
        {
            InnerHandler = new SocketsHttpHandler
            {
                AllowAutoRedirect = false, UseCookies = false, UseProxy = proxy is not null, Proxy = proxy,
                ActivityHeadersPropagator = null, ConnectTimeout = ConnectTime, PooledConnectionLifetime = ConnectionLife,
                MaxResponseHeadersLength = LongestHeadersInKiB, ConnectCallback = (context, cancel) => ConnectAsync(context, proxy, cancel),
            },
        };
    }

    /// <summary>Finds a refusal among the causes of a failed request; null if there is none.</summary>
    public static AddressRefusedException? RefusalIn(Exception? failed)
    {
        for (; failed is not null; failed = failed.InnerException)
            if (failed is AddressRefusedException refused) return refused;
        return null;
    }

    private string? Fault(string written, out Uri? address)
    {
        address = null;
        if (PlainText.Fault(written) is { } strange) return strange;
        if (written.Length > LongestAddress) return $"must have at most {LongestAddress} characters; got {written.Length}";
        if (written.Any(c => char.IsWhiteSpace(c) || c == '\\'))
            return "must be an address such as https://hooks.example.com/loradrop, without spaces and backslashes";
        if (!Uri.TryCreate(written, UriKind.Absolute, out var read)) return "must be an address such as https://hooks.example.com/loradrop";
        if (Refusal(read, options.AllowHttp) is { } refusal) return refusal;
        if (HostIn(written) is not { Length: > 0 } host) return "must be an address such as https://hooks.example.com/loradrop";
        if (read.Fragment.Length > 0) return "must not have a part after '#', which is never sent";
        if (IsDisguised(host, read)) return $"must name its host plainly, by a name or an address such as 93.184.216.34; got {Begun(host)}";
        address = new UriBuilder(read) { Host = read.IdnHost.ToLowerInvariant() }.Uri;
        return null;
    }

    /// <summary>The host in lower case and punycode, an IP address without brackets; null if it has invalid characters.</summary>
    private static string? HostOf(Uri address)
    {
        try
        {
            return address.IdnHost.ToLowerInvariant();
        }
        catch (UriFormatException)
        {
            return null;
        }
    }

    /// <summary>Whether a host is an IP address in disguise (<c>0x7f.1</c>, <c>2130706433</c>, <c>127.1</c>, digits of another script), or
    /// has a zone id.</summary>
    private static bool IsDisguised(string host, Uri read)
    {
        if (host.StartsWith('['))
            return host.Contains('%') || !IPAddress.TryParse(host[1..^1], out var six) || AddressRanges.IsDisguise(six);
        if (IPAddress.TryParse(read.IdnHost, out var four)) return four.ToString() != host;
        var last = read.IdnHost[(read.IdnHost.LastIndexOf('.') + 1)..];
        return host.Contains('%') || last.All(char.IsAsciiDigit)
            || (last.StartsWith("0x", StringComparison.OrdinalIgnoreCase) && last.Skip(2).All(char.IsAsciiHexDigit));
    }

    /// <summary>The host as it was written: <see cref="Uri"/> normalizes it.</summary>
    private static string? HostIn(string written)
    {
        if (written.IndexOf("://", StringComparison.Ordinal) is not (>= 0 and var scheme)) return null;
        var authority = written[(scheme + 3)..];
        if (authority.IndexOfAny(['/', '?', '#']) is >= 0 and var end) authority = authority[..end];
        if (authority.Contains('@')) return null; // user info, even if empty
        if (authority.StartsWith('[')) return authority.IndexOf(']') is >= 0 and var close ? authority[..(close + 1)] : null;
        return authority.IndexOf(':') is >= 0 and var port ? authority[..port] : authority;
    }

    private static bool IsName(Uri address) => !IPAddress.TryParse(address.IdnHost, out _);

    /// <summary>Why a connection to a host is refused, if any of its addresses is not allowed; null if all are.</summary>
    private string? Refusal(string host, IPAddress[] addresses) =>
        addresses.Select(address => Judge(host, address)).FirstOrDefault(refusal => refusal is not null);

    /// <summary>Does not mention the address itself: internal addresses are not for untrusted users to learn.</summary>
    private string? Judge(string host, IPAddress address)
    {
        var (kind, name) = AddressRanges.Of(address);
        var allowed = kind == AddressKind.Public || (kind == AddressKind.Private
            && (options.IsPrivateHost(host.ToLowerInvariant()) || options.IsPrivateNetwork(AddressRanges.Plain(address))));
        return allowed ? null : "leads to an address that is "
            + $"{name}{(kind == AddressKind.Private ? ", and the setting Outgoing:PrivateNetworks does not allow it" : "")}";
    }

    /// <summary>Resolves the name, checks every address, and connects to the first that responds.</summary>
    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, IWebProxy? proxy, CancellationToken cancel)
    {
        var to = context.DnsEndPoint;
        var addresses = IPAddress.TryParse(to.Host, out var literal) ? [literal] : await lookup(to.Host, cancel);
        if (!IsProxy(proxy, context) && Refusal(to.Host, addresses) is { } refusal)
            throw new AddressRefusedException($"{to.Host} {refusal}");
        Exception? failed = null;
        foreach (var (i, address) in addresses.Index())
        {
            using var soon = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            if (i + 1 < addresses.Length) soon.CancelAfter(OneConnectTime); // leave time for the next address
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new IPEndPoint(address, to.Port), soon.Token);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (Exception unreachable)
            {
                socket.Dispose();
                if (unreachable is not SocketException && (unreachable is not OperationCanceledException || cancel.IsCancellationRequested))
                    throw;
                failed = unreachable;
            }
        }
        throw failed ?? new SocketException((int)SocketError.HostNotFound);
    }

    private static WebProxy ProxyAt(Uri address) => address.UserInfo.Split(':', 2) is [{ Length: > 0 } user, .. var rest]
        ? new(address) { Credentials = new NetworkCredential(Uri.UnescapeDataString(user),
        Uri.UnescapeDataString(rest is [var password] ? password : "")) }
        : new(address);

    /// <summary>Whether the connection goes to the operator's own proxy.</summary>
    private static bool IsProxy(IWebProxy? proxy, SocketsHttpConnectionContext context) =>
        proxy is not null && context.InitialRequestMessage.RequestUri is { } asked && !proxy.IsBypassed(asked)
            && proxy.GetProxy(asked) is { } by && by != asked
        && by.IdnHost.Equals(context.DnsEndPoint.Host, StringComparison.OrdinalIgnoreCase) && by.Port == context.DnsEndPoint.Port;

    private static string Begun(string text) => text.Length > 60 ? $"{text[..60]}…" : text;

    /// <summary>Checks every request, so that no user of the handler can forget to.</summary>
    private sealed class Checked(OutgoingGuard guard, bool allowHttp) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            guard.Refusal(request.RequestUri!, allowHttp) is { } refusal
                ? throw new AddressRefusedException($"{request.RequestUri!.Host} {refusal}")
                : base.SendAsync(request, cancellationToken);
    }
}

/// <summary>A connection to an address that is not allowed.</summary>
public sealed class AddressRefusedException(string message) : Exception(message);
