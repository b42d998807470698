using System.Net;
using System.Net.Sockets;

namespace LoraDrop.Storage;

/// <summary>The kind of network an address belongs to, which decides whether untrusted input may make the service connect to it.</summary>
public enum AddressKind
{
    /// <summary>On the public internet.</summary>
    Public,

    /// <summary>On this machine or in a private network: an operator may allow it.</summary>
    Private,

    /// <summary>Never allowed, whatever the settings: cloud metadata, link-local, multicast, documentation, and the like.</summary>
    Never,
}

/// <summary>The special address ranges, from IANA's registries for IPv4 and IPv6, and the clouds' metadata addresses.</summary>
/// <remarks>In IPv6 only 2000::/3 is in public use, so everything else counts as special without being listed.</remarks>
public static class AddressRanges
{
    private static readonly (IPNetwork Network, AddressKind Kind, string Name)[] Special =
    [
        // Metadata addresses inside ranges that are otherwise private or public: these come first.
        Never("100.100.100.200/32", "the metadata of a cloud"), Never("168.63.129.16/32", "the metadata of a cloud"),
        Never("192.0.0.192/32", "the metadata of a cloud"), Never("169.254.0.0/16", "link-local, where clouds have their metadata"),
        Never("fd00:ec2::/32", "the metadata of a cloud"), Never("fd20:ce::/32", "the metadata of a cloud"),
        Never("fd00:c1::/32", "the metadata of a cloud"),
        Never("0.0.0.0/8", "no address of a receiver"), Private("10.0.0.0/8", "a private network"),
        Private("100.64.0.0/10", "a provider's inner network"), Private("127.0.0.0/8", "this machine itself"),
        Private("172.16.0.0/12", "a private network"), Never("192.0.0.0/24", "reserved"), Never("192.0.2.0/24", "for documentation"),
        Never("192.88.99.0/24", "a way from IPv6 to IPv4"), Private("192.168.0.0/16", "a private network"),
        Never("198.18.0.0/15", "for benchmarks"), Never("198.51.100.0/24", "for documentation"),
        Never("203.0.113.0/24", "for documentation"), Never("224.0.0.0/4", "multicast"), Never("240.0.0.0/4", "reserved"),
        Never("::/128", "no address of a receiver"), Private("::1/128", "this machine itself"),
        Never("::/96", "IPv4 in the clothes of IPv6"), Never("64:ff9b:1::/48", "a way from IPv6 to IPv4"),
        Never("100::/64", "where everything is discarded"),
        Never("2001::/32", "a way from IPv6 to IPv4"), Never("2001::/23", "reserved"), Never("2001:db8::/32", "for documentation"),
        Never("2002::/16", "a way from IPv6 to IPv4"), Never("3fff::/20", "for documentation"),
        Private("fc00::/7", "a private network"), Never("fe80::/10", "link-local"), Never("fec0::/10", "a private network of old"),
        Never("ff00::/8", "multicast"),
    ];

    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3"), Nat64 = IPNetwork.Parse("64:ff9b::/96"),
        SixToFour = IPNetwork.Parse("2002::/16"), Compatible = IPNetwork.Parse("::/96");

    /// <summary>Whether an IPv6 address embeds an IPv4 address or leads to one: written by a user, it is a disguise.</summary>
    public static bool IsDisguise(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6
        && (address.IsIPv4MappedToIPv6 || address.IsIPv6Teredo || Nat64.Contains(address) || SixToFour.Contains(address)
        || (Compatible.Contains(address) && !address.Equals(IPAddress.IPv6Loopback) && !address.Equals(IPAddress.IPv6Any)));

    /// <summary>The address at which a connection ends: the IPv4 address inside an IPv4-mapped or a NAT64 (RFC 6052) address.</summary>
    public static IPAddress Plain(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetworkV6 && Nat64.Contains(address)
            ? new(address.GetAddressBytes().AsSpan(12))
            : address;
    }

    /// <summary>The kind of an address, and its range in words.</summary>
    public static (AddressKind Kind, string Name) Of(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetworkV6 && address.ScopeId != 0) return (AddressKind.Never, "link-local");
        var plain = Plain(address);
        foreach (var (network, kind, name) in Special)
            if (network.Contains(plain)) return (kind, name);
        return plain.AddressFamily == AddressFamily.InterNetworkV6 && !GlobalUnicast.Contains(plain)
            ? (AddressKind.Never, "reserved")
            : (AddressKind.Public, "public");
    }

    private static (IPNetwork, AddressKind, string) Never(string network, string name) =>
        (IPNetwork.Parse(network), AddressKind.Never, name);

    private static (IPNetwork, AddressKind, string) Private(string network, string name) =>
        (IPNetwork.Parse(network), AddressKind.Private, name);
}
