using System.Net;
using System.Net.Sockets;
using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>Asks for the addresses of a host, as the system does.</summary>
public delegate Task<IPAddress[]> NameLookup(string host, CancellationToken cancel);

/// <summary>The one guard for addresses that strangers give: what they say, what their names resolve to, and the connection
/// itself.</summary>
/// <remarks>
/// A name is resolved once for each connection. Every address that came must be allowed, and the connection goes to one of those, not to
/// the name: an answer that is another a moment later (DNS rebinding) is never asked for. Redirects are not followed, cookies not kept, no
/// proxy is used but one that is set.
/// </remarks>
public sealed class OutgoingGuard(OutgoingOptions options, NameLookup lookup)
{
    private const int LongestAddress = 2048, LongestHeadersInKiB = 16;

    /// <summary>Names under which clouds have their metadata, wherever those lead.</summary>
    private static readonly HashSet<string> Metadata = ["metadata", "metadata.google.internal", "metadata.goog", "instance-data",
        "instance-data.ec2.internal", "metadata.azure.internal", "metadata.oraclecloud.com", "metadata.tencentyun.com"];

    /// <summary>Ports of services that could be made to understand a request as something else, as browsers refuse them (Fetch standard,
    /// "port blocking").</summary>
    private static readonly HashSet<int> OtherServices =
    [
        1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115,
        117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526,
        530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061,
        6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080, 11211,
    ];

    private static readonly TimeSpan LookTime = TimeSpan.FromSeconds(5), ConnectTime = TimeSpan.FromSeconds(10),
        OneConnectTime = TimeSpan.FromSeconds(3), ConnectionLife = TimeSpan.FromMinutes(1);

    /// <summary>Reads a webhook's address as somebody wrote it: the same with its host in punycode, or null with a fault.</summary>
    /// <param name="written">Such as <c>https://hooks.example.com/loradrop</c>.</param>
    /// <param name="path">Where it stands in the request.</param>
    /// <param name="faults">What is wrong is added to it.</param>
    public Uri? Read(string written, string path, List<Fault> faults)
    {
        if (Fault(written, out var address) is { } fault) faults.Add(new(path, fault));
        return address;
    }

    /// <summary>Looks at what a name resolves to now, so that a refusal comes when the address is given; one that does not resolve may
    /// later.</summary>
    /// <returns>Why it is refused; null where it is not.</returns>
    public async Task<string?> LookAsync(Uri address, CancellationToken cancel)
    {
        if (options.Proxy is not null || !IsName(address)) return null; // an address was judged as it stands
        try
        {
            return Refusal(address.IdnHost, await lookup(address.IdnHost, cancel).WaitAsync(LookTime, cancel));
        }
        catch (Exception unknown) when (unknown is SocketException or ArgumentException or TimeoutException)
        {
            return null;
        }
    }

    /// <summary>Why an address must not be asked, as far as it tells by itself; null where it may.</summary>
    /// <param name="address">Absolute.</param>
    /// <param name="allowHttp">Whether http will do.</param>
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

    /// <summary>What connections go through that strangers cause.</summary>
    /// <param name="allowHttp">Whether http will do; null for what the settings say.</param>
    /// <param name="proxy">What the machine's own environment says of proxies, where that counts; a proxy of the settings counts
    /// more.</param>
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

    /// <summary>The refusal in what a request ended with; null where it ended with something else.</summary>
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

    /// <summary>The host in lower case and in punycode, an address without brackets; null where it holds what no name may.</summary>
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

    /// <summary>A number that only looks like another one (<c>0x7f.1</c>, <c>2130706433</c>, <c>127.1</c>), digits of another script, and
    /// the zone of a network card.</summary>
    private static bool IsDisguised(string host, Uri read)
    {
        if (host.StartsWith('['))
            return host.Contains('%') || !IPAddress.TryParse(host[1..^1], out var six) || AddressRanges.IsDisguise(six);
        if (IPAddress.TryParse(read.IdnHost, out var four)) return four.ToString() != host;
        var last = read.IdnHost[(read.IdnHost.LastIndexOf('.') + 1)..];
        return host.Contains('%') || last.All(char.IsAsciiDigit)
            || (last.StartsWith("0x", StringComparison.OrdinalIgnoreCase) && last.Skip(2).All(char.IsAsciiHexDigit));
    }

    /// <summary>The host as it was written: a parsed address has it in another form.</summary>
    private static string? HostIn(string written)
    {
        if (written.IndexOf("://", StringComparison.Ordinal) is not (>= 0 and var scheme)) return null;
        var authority = written[(scheme + 3)..];
        if (authority.IndexOfAny(['/', '?', '#']) is >= 0 and var end) authority = authority[..end];
        if (authority.Contains('@')) return null; // a user's name, be it an empty one
        if (authority.StartsWith('[')) return authority.IndexOf(']') is >= 0 and var close ? authority[..(close + 1)] : null;
        return authority.IndexOf(':') is >= 0 and var port ? authority[..port] : authority;
    }

    private static bool IsName(Uri address) => !IPAddress.TryParse(address.IdnHost, out _);

    /// <summary>Why none of a host's addresses may be connected to; null where all may.</summary>
    private string? Refusal(string host, IPAddress[] addresses) =>
        addresses.Select(address => Judge(host, address)).FirstOrDefault(refusal => refusal is not null);

    /// <summary>The number itself is not said: what names lead to inside is not for strangers to learn.</summary>
    private string? Judge(string host, IPAddress address)
    {
        var (kind, name) = AddressRanges.Of(address);
        var allowed = kind == AddressKind.Public || (kind == AddressKind.Private
            && (options.IsPrivateHost(host.ToLowerInvariant()) || options.IsPrivateNetwork(AddressRanges.Plain(address))));
        return allowed ? null : "leads to an address that is "
            + $"{name}{(kind == AddressKind.Private ? ", and the setting Outgoing:PrivateNetworks does not allow it" : "")}";
    }

    /// <summary>Resolves, checks every address, and connects to the first of them that answers.</summary>
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
            if (i + 1 < addresses.Length) soon.CancelAfter(OneConnectTime); // one that says nothing leaves time for the next
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

    /// <summary>Whether the connection is one to the operator's own proxy.</summary>
    private static bool IsProxy(IWebProxy? proxy, SocketsHttpConnectionContext context) =>
        proxy is not null && context.InitialRequestMessage.RequestUri is { } asked && !proxy.IsBypassed(asked)
            && proxy.GetProxy(asked) is { } by && by != asked
        && by.IdnHost.Equals(context.DnsEndPoint.Host, StringComparison.OrdinalIgnoreCase) && by.Port == context.DnsEndPoint.Port;

    private static string Begun(string text) => text.Length > 60 ? $"{text[..60]}…" : text;

    /// <summary>Nobody who uses the handler can forget to ask.</summary>
    private sealed class Checked(OutgoingGuard guard, bool allowHttp) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            guard.Refusal(request.RequestUri!, allowHttp) is { } refusal
                ? throw new AddressRefusedException($"{request.RequestUri!.Host} {refusal}")
                : base.SendAsync(request, cancellationToken);
    }
}

/// <summary>The service was sent somewhere that it does not go.</summary>
public sealed class AddressRefusedException(string message) : Exception(message);
