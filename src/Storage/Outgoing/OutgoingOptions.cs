using System.Net;
using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>Rules for connections to addresses that come from users or other services: webhooks, and redirects from the hub.</summary>
public sealed record OutgoingOptions
{
    /// <summary>Hosts that may be addressed, such as <c>hooks.example.com</c> or <c>*.example.com</c> (every name below it); default every
    /// public host.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>Whether webhooks may use http, which anyone on the way can read; default false.</summary>
    public bool AllowHttp { get; init; }

    /// <summary>Networks (<c>10.20.0.0/16</c>), addresses or hosts (<c>*.svc.cluster.local</c>) that may be reached although they are
    /// private; default none. A host is allowed with any private address it has. Cloud metadata, link-local and multicast addresses are
    /// never allowed.</summary>
    public IReadOnlyList<string> PrivateNetworks { get; init; } = [];

    /// <summary>A proxy for all these connections, such as <c>http://proxy.example:3128</c>; default none. The proxy resolves the names, so
    /// it must refuse private addresses itself.</summary>
    public string? Proxy { get; init; }

    public IEnumerable<Fault> Faults(string path)
    {
        foreach (var (i, host) in AllowedHosts.Index())
            if (!HostPattern.IsOne(host))
                yield return new($"{path}:{nameof(AllowedHosts)}:{i}",
                    $"must be a host such as hooks.example.com, or *.example.com for every name below it; got \"{host}\"");
        foreach (var (i, network) in PrivateNetworks.Index())
            if (NetworkOf(network) is null && !HostPattern.IsOne(network))
                yield return new($"{path}:{nameof(PrivateNetworks)}:{i}",
                    $"must be a network such as 10.20.0.0/16, an address, or a host such as *.svc.cluster.local; got \"{network}\"");
            else if (NetworkOf(network) is { } known && AddressRanges.Of(known.BaseAddress).Kind == AddressKind.Never)
                yield return new($"{path}:{nameof(PrivateNetworks)}:{i}",
                    $"is {AddressRanges.Of(known.BaseAddress).Name}, which is never connected to; got \"{network}\"");
        if (Proxy is not null && !(Uri.TryCreate(Proxy, UriKind.Absolute, out var proxy)
            && proxy is { Scheme: "http" or "https", PathAndQuery: "/", Fragment: "" }))
            yield return new($"{path}:{nameof(Proxy)}", "must be the address of a proxy: http://host:port");
    }

    /// <summary>Whether the settings allow the host.</summary>
    internal bool MayAddress(string host) => AllowedHosts.Count == 0 || AllowedHosts.Any(pattern => HostPattern.Matches(pattern, host))
        || IsPrivateHost(host);

    /// <summary>Whether the settings allow a host's private addresses by its name.</summary>
    internal bool IsPrivateHost(string host) => PrivateNetworks.Any(entry => NetworkOf(entry) is null && HostPattern.Matches(entry, host));

    /// <summary>Whether the settings allow a private address.</summary>
    internal bool IsPrivateNetwork(IPAddress address) =>
        PrivateNetworks.Select(NetworkOf).Any(network => network?.Contains(address) == true);

    private static IPNetwork? NetworkOf(string written) =>
        IPNetwork.TryParse(written, out var network) ? network : IPAddress.TryParse(written, out var address)
            && address.ToString() == written ? new(address, address.GetAddressBytes().Length * 8) : null;
}
